"""The direction of imports and foreign keys (design: layout; decision 0003)."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

import grimp
import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from tests.conftest import ROOT

DOMAINS = "sonae.domains."


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("sonae", cache_dir=None)


def domain_of(module: str) -> str:
    return module.removeprefix(DOMAINS).split(".")[0] if module.startswith(DOMAINS) else ""


def trespasses(graph: grimp.ImportGraph) -> list[str]:
    """Direct imports that enter a domain by anything but its interface.

    A ``models`` module may name the models of another domain: that is how a foreign key is written.
    """
    found = []
    for imported in graph.modules:
        target = domain_of(imported)
        if not target or imported == f"{DOMAINS}{target}.interface" or imported.count(".") == 2:
            continue
        for importer in graph.find_modules_that_directly_import(imported):
            foreign_key = importer.endswith(".models") and imported.endswith(".models")
            if domain_of(importer) != target and not (foreign_key and domain_of(importer)):
                found.append(f"{importer} -> {imported}")
    return sorted(found)


def test_floors_are_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()",
         "--no-cache"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_domain_is_entered_by_its_interface_only() -> None:
    assert trespasses(graph()) == []


def test_the_interface_test_sees_a_trespass() -> None:
    planted = grimp.ImportGraph()
    for module in ("sonae.web.x", "sonae.domains.a", "sonae.domains.a.services", "sonae.domains.b",
                   "sonae.domains.b.models", "sonae.domains.a.models", "sonae.domains.a.interface"):  # fmt: skip
        planted.add_module(module)
    allowed = [("sonae.domains.b.models", "sonae.domains.a.models"),
               ("sonae.web.x", "sonae.domains.a.interface")]  # fmt: skip
    refused = [("sonae.web.x", "sonae.domains.a.services"), ("sonae.web.x", "sonae.domains.a.models"),
               ("sonae.domains.b.models", "sonae.domains.a.services")]  # fmt: skip
    for importer, imported in allowed + refused:
        planted.add_import(importer=importer, imported=imported)
    assert trespasses(planted) == sorted(f"{one} -> {other}" for one, other in refused)


def test_domains_import_only_earlier_domains() -> None:
    order = {name: place for place, name in enumerate(settings.DOMAINS)}
    upward = [
        f"{importer} -> {imported}"
        for importer in graph().modules
        for imported in graph().find_modules_directly_imported_by(importer)
        if (here := domain_of(importer)) and (there := domain_of(imported))
        if order[there] > order[here]
    ]
    assert upward == []


def test_every_domain_is_installed_and_has_an_interface() -> None:
    folders = {path.parent.name for path in (ROOT / "src/sonae/domains").glob("*/__init__.py")}
    assert folders == set(settings.DOMAINS)
    lacking = [d for d in settings.DOMAINS if f"{DOMAINS}{d}.interface" not in graph().modules]
    assert lacking == []


def own_models() -> list[type[models.Model]]:
    return [
        m for m in apps.get_models(include_auto_created=True) if m.__module__.startswith("sonae.")
    ]


def owner(model: type[models.Model]) -> str:
    return domain_of(model.__module__)


def test_foreign_keys_point_downward() -> None:
    order = {name: place for place, name in enumerate(settings.DOMAINS)}
    upward = [
        f"{owner(model)}.{model.__name__}.{field.name} -> {owner(field.related_model)}"
        for model in own_models()
        for field in [*model._meta.concrete_fields, *model._meta.many_to_many]
        if isinstance(field.related_model, type) and owner(field.related_model)
        if order[owner(field.related_model)] > order.get(owner(model), -1)
    ]
    assert upward == []


@pytest.mark.parametrize("package", ["sonae.engines", "sonae.core"])
def test_engines_and_core_run_without_django(package: str) -> None:
    """Imports for real, so that a late import inside a function's module is seen too."""
    names = sorted(
        m for m in graph().modules if m.startswith(package) and not m.endswith("__main__")
    )
    code = f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\nprint('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stdout + done.stderr


def test_a_process_starts_without_the_large_libraries() -> None:
    """They load in the function that uses them: together they take longer than all the rest of a start."""
    late = {
        "duckdb", "openpyxl", "osmium", "pandas", "pyarrow", "pyogrio", "pyproj", "scipy", "splink",
    }  # fmt: skip
    code = "import django, sys; django.setup(); import sonae.urls; print(*sys.modules)"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "sonae.settings", "PYTHONPATH": "src"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert late & set(done.stdout.split()) == set()
