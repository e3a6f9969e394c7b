"""``shop.toml``: everything a shop declares, read once, checked with the message that says what would be right."""

from counterclick.config.bundles import BundlesConfig
from counterclick.config.chats import ChatConfig
from counterclick.config.health import HealthConfig
from counterclick.config.loop import LoopConfig
from counterclick.config.models import ModelsConfig
from counterclick.config.readiness import ReadinessConfig, source_of
from counterclick.config.reading import declared, load, parse
from counterclick.config.replenishment import REPLENISH, ReplenishmentConfig
from counterclick.config.retention import RetentionConfig
from counterclick.config.returns import ReturnsConfig
from counterclick.config.rules import BundleRule, Rules, load_rules, parse_rules
from counterclick.config.serve import ServeConfig
from counterclick.config.settings import (
    AI,
    EVERYWHERE,
    HELD_OUT,
    HOLDOUT,
    NOTHING,
    AttributionConfig,
    Config,
    ExperimentConfig,
    HoldoutConfig,
    KillConfig,
    MappedEvent,
    OnOffConfig,
    ShareChange,
    ShopConfig,
    Skip,
    SurfaceConfig,
    TableConfig,
    duration,
)
from counterclick.config.shopify import ShopifyConfig

__all__ = [
    "AI",
    "EVERYWHERE",
    "HELD_OUT",
    "HOLDOUT",
    "NOTHING",
    "REPLENISH",
    "AttributionConfig",
    "BundleRule",
    "BundlesConfig",
    "ChatConfig",
    "Config",
    "ExperimentConfig",
    "HealthConfig",
    "HoldoutConfig",
    "KillConfig",
    "LoopConfig",
    "MappedEvent",
    "ModelsConfig",
    "OnOffConfig",
    "ReadinessConfig",
    "ReplenishmentConfig",
    "RetentionConfig",
    "ReturnsConfig",
    "Rules",
    "ServeConfig",
    "ShareChange",
    "ShopConfig",
    "ShopifyConfig",
    "Skip",
    "SurfaceConfig",
    "TableConfig",
    "declared",
    "duration",
    "load",
    "load_rules",
    "parse",
    "parse_rules",
    "source_of",
]
