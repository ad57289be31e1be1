"""The sections of configuration files that are the timeline's."""

from chronos.configure.aliases import AliasSection
from chronos.configure.dependencies import DependencySection
from chronos.configure.freezes import FreezeSection

__all__ = ["AliasSection", "DependencySection", "FreezeSection"]
