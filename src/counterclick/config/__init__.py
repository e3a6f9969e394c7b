"""``shop.toml``: everything a shop declares, read once, checked with the message that says what would be right."""

from counterclick.config.boosts import boosts_beside
from counterclick.config.bundles import BundlesConfig
from counterclick.config.changing import AT, BOOSTS, NAME, RULES, base_of, changed, read_change, setting_of, varied
from counterclick.config.chats import ChatConfig
from counterclick.config.engine import EngineConfig
from counterclick.config.health import HealthConfig
from counterclick.config.loop import LoopConfig
from counterclick.config.models import ModelsConfig
from counterclick.config.ranking import RankingConfig
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
    OnOffConfig,
    ShareChange,
    ShopConfig,
    SurfaceConfig,
    duration,
)
from counterclick.config.shopify import ShopifyConfig
from counterclick.config.tables import MappedEvent, Skip, TableConfig
from counterclick.config.warehouse import FactConfig, sources_of
from counterclick.config.writing import appended, toml_value, with_setting, written

__all__ = [
    "AI",
    "AT",
    "BOOSTS",
    "EVERYWHERE",
    "HELD_OUT",
    "HOLDOUT",
    "NAME",
    "NOTHING",
    "REPLENISH",
    "RULES",
    "AttributionConfig",
    "BundleRule",
    "BundlesConfig",
    "ChatConfig",
    "Config",
    "EngineConfig",
    "ExperimentConfig",
    "FactConfig",
    "HealthConfig",
    "HoldoutConfig",
    "KillConfig",
    "LoopConfig",
    "MappedEvent",
    "ModelsConfig",
    "OnOffConfig",
    "RankingConfig",
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
    "appended",
    "base_of",
    "boosts_beside",
    "changed",
    "declared",
    "duration",
    "load",
    "load_rules",
    "parse",
    "parse_rules",
    "read_change",
    "setting_of",
    "source_of",
    "sources_of",
    "toml_value",
    "varied",
    "with_setting",
    "written",
]
