"""The folders of the project's extensions/ as packages: `extensions/mine/` is imported as `shipworthy.extensions.mine`.

The only `__init__.py` that isn't empty: a package's path can be set nowhere else. So processes that unpickle a class of
an extension find it, too.
"""

from shipworthy.core.extensions import folder

__path__ = [str(folder())]
