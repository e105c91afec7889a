"""Django's registration of the `portal` app."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
