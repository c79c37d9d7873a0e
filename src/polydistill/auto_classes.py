"""Making our own architectures known to the Auto classes of `transformers`, without loading it.

`AutoModel.from_pretrained` finds an MBLM, or a student without attention, after `import polydistill`. That import must
cost nothing, so nothing is loaded here: what is to be known is made known when `transformers` itself loads its lists of
architectures.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_AUTO = "transformers.models.auto"
_LISTS = {
    "transformers.models.auto.configuration_auto": (
        "polydistill.models.mblm_config",
        "polydistill.models.static_config",
    ),
    "transformers.models.auto.modeling_auto": ("polydistill.models.mblm", "polydistill.models.static"),
}
"""The modules that hold the lists, and those of ours that enter themselves there when they are loaded."""


class _Then(Loader):
    """Loads a module as it would be loaded anyway, and then others."""

    def __init__(self, loader: Loader, then: Sequence[str]) -> None:
        self.loader, self.then = loader, then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As it would be made anyway."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Load all."""
        self.loader.exec_module(module)
        for name in self.then:
            importlib.import_module(name)


class _Watch(MetaPathFinder):
    """Notices when a list is loaded for the first time."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module as the other finders find it, if it is one of the lists."""
        if fullname not in _LISTS:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Then(spec.loader, _LISTS[fullname])
                return spec
        return None


def announce() -> None:
    """Enter our architectures into the lists: at once where they are loaded, else when they are."""
    if any(isinstance(finder, _Watch) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _Watch())
    for module, ours in _LISTS.items():
        if module in sys.modules:
            for name in ours:
                importlib.import_module(name)
