"""Settings as frozen pydantic models: one schema feeds forms, command line, run records and model cards."""

from napari_strata.config.base import Config
from napari_strata.config.card import ModelCard
from napari_strata.config.explain import ExplainConfig, ExplainMethod
from napari_strata.config.inference import (
    AnalysisConfig,
    AtomsConfig,
    InferenceConfig,
)
from napari_strata.config.inside import InsideConfig
from napari_strata.config.judge import JudgeConfig
from napari_strata.config.labels import ClassTable, LabelClass, SpotConfig
from napari_strata.config.model import ModelConfig
from napari_strata.config.paired import PairedData
from napari_strata.config.proposal import ProposalConfig
from napari_strata.config.report import ReportConfig
from napari_strata.config.simulation import SimulationConfig
from napari_strata.config.smallest_change import SmallestChangeConfig
from napari_strata.config.training import (
    LabelledData,
    SimulatedData,
    TrainConfig,
    TrainingConfig,
)
from napari_strata.config.what_if import WhatIfConfig

__all__ = [
    "AnalysisConfig",
    "AtomsConfig",
    "ClassTable",
    "Config",
    "ExplainConfig",
    "ExplainMethod",
    "InferenceConfig",
    "InsideConfig",
    "JudgeConfig",
    "LabelClass",
    "LabelledData",
    "ModelCard",
    "ModelConfig",
    "PairedData",
    "ProposalConfig",
    "ReportConfig",
    "SimulatedData",
    "SimulationConfig",
    "SmallestChangeConfig",
    "SpotConfig",
    "TrainConfig",
    "TrainingConfig",
    "WhatIfConfig",
]
