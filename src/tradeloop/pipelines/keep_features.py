"""Computed features into the lake's feature store, told to the catalog."""

import polars as pl

from tradeloop.features import Bank
from tradeloop.pipelines.catalogue_dataset import definitions
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Stored


def keep_features(workspace: Workspace, bank: Bank, features: pl.DataFrame) -> Stored:
    """Write features by category and day, and register what they mean.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    bank : Bank
        What computed them.
    features : polars.DataFrame of shape (n_rows, 3 + n_names)
        As `tradeloop.features.compute` gives them.

    Returns
    -------
    Stored
        Durable; a second write of the same rows changes nothing.
    """
    categories = {entry.name: entry.category for entry in bank.catalogue()}
    stored = workspace.features.write(
        workspace.principal, features, categories, bank.fingerprint
    )
    told = workspace.audit(
        "keep", "features", bank=bank.fingerprint, rows=stored.rows, files=stored.files
    )
    workspace.catalog.define_features(workspace.principal, definitions(bank), told)
    return stored
