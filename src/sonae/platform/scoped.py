"""Abstract models whose managers see only the scope in force."""

from typing import TypeVar

from django.db import models

from sonae.platform.scope import current, current_municipality, current_world

M = TypeVar("M", bound=models.Model, covariant=True)


class TenantManager(models.Manager[M]):
    """Rows of the municipality in force."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Return the queryset narrowed to the municipality."""
        return super().get_queryset().filter(municipality=current().municipality)


class ScopedManager(models.Manager[M]):
    """Rows of the municipality and the world in force."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Return the queryset narrowed to municipality and world."""
        scope = current()
        rows = super().get_queryset()
        return rows.filter(municipality=scope.municipality, world=scope.world.value)


class TenantModel(models.Model):
    """A row of one municipality: register, facilities, hazard layers."""

    municipality = models.CharField("団体コード", max_length=6, default=current_municipality)

    objects = TenantManager()
    everywhere = models.Manager()

    class Meta:
        """Abstract: every tenant table has the column."""

        abstract = True


class ScopedModel(models.Model):
    """A row of an operation: belongs to one municipality and to one world."""

    municipality = models.CharField("団体コード", max_length=6, default=current_municipality)
    world = models.CharField("本番・訓練", max_length=8, default=current_world)

    objects = ScopedManager()
    everywhere = models.Manager()

    class Meta:
        """Abstract: every operational table has both columns."""

        abstract = True
