"""Registering a partner: its metadata becomes what the connection stores."""

from typing import Any

from . import pysaml
from .partner import Terms


def read_metadata(metadata: bytes) -> tuple[str, str, dict[str, Any]]:
    """(entity id, the partner's own name, settings for the connection). Raises MetadataRefused."""
    partner = pysaml.read_partner(metadata)
    return partner.entity_id, partner.display_name, Terms(partner).to_settings()
