"""Every kind, and how many of a run's cases each has."""

from tests.fuzz.checkpoint_kinds import Checkpoints, Indexes, StateFiles, V1Checkpoints
from tests.fuzz.freezing_kinds import (
    FrozenCheckpoints,
    FrozenHdf5,
    FrozenKeras,
    FrozenSavedModels,
)
from tests.fuzz.graph_kinds import (
    Cards,
    FilesBeside,
    FrozenGraphs,
    Graphs,
    Inspected,
    Labels,
)
from tests.fuzz.kinds import Kind
from tests.fuzz.photo_kinds import Formats, Headers, Photos
from tests.fuzz.request_kinds import (
    Chunks,
    Forms,
    HeaderValues,
    Heads,
    Json,
    PackedBodies,
    Queries,
)
from tests.fuzz.server_kinds import RawRequests

KINDS: tuple[type[Kind], ...] = (
    *(Heads, Chunks, PackedBodies, Cards, Labels),
    *(Headers, Photos, Formats),
    *(Indexes, StateFiles, Checkpoints, V1Checkpoints),
    *(Graphs, FrozenGraphs, FilesBeside, Inspected),
    *(Queries, HeaderValues, Forms, Json, RawRequests),
    *(FrozenCheckpoints, FrozenSavedModels, FrozenHdf5, FrozenKeras),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def shared_out(cases: int, kinds: tuple[type[Kind], ...] = KINDS) -> dict:
    """The number of cases of each kind, at least one."""
    whole = sum(kind.share for kind in kinds)
    return {kind: max(1, round(cases * kind.share / whole)) for kind in kinds}
