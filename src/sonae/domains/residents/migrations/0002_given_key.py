"""The given name's key, and PostgreSQL's own indexes for the beginnings of keys."""

from django.db import migrations, models

FIELDS = ("kana_key", "given_key", "name_key")


def add_beginnings(apps, schema_editor):
    """Let LIKE 'x%' use an index whatever the database's language is (PostgreSQL only)."""
    if schema_editor.connection.vendor != "postgresql":
        return
    table = schema_editor.quote_name(apps.get_model("residents", "Resident")._meta.db_table)
    for field in FIELDS:
        schema_editor.execute(
            f"CREATE INDEX resident_{field}_beginning ON {table} "
            f"(municipality, {field} varchar_pattern_ops)"
        )


def remove_beginnings(apps, schema_editor):
    """Undo `add_beginnings`."""
    if schema_editor.connection.vendor == "postgresql":
        for field in FIELDS:
            schema_editor.execute(f"DROP INDEX resident_{field}_beginning")


class Migration(migrations.Migration):

    dependencies = [
        ("residents", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="resident",
            name="given_key",
            field=models.CharField(blank=True, default="", max_length=160, verbose_name="検索用の名のカナ"),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="resident",
            index=models.Index(fields=["municipality", "given_key"], name="resident_given"),
        ),
        migrations.RunPython(add_beginnings, remove_beginnings),
    ]
