"""The variables that are no settings, by which `docker compose` learns what invoke knows.

Their text is that of docs/settings.md. Standard library only, as bootstrap.py uses it.
"""

from typing import Final

UID, GID, USERNS = "STAGES_UID", "STAGES_GID", "STAGES_USERNS"
PROJECT, MEMORY, CERTIFICATES = "COMPOSE_PROJECT_NAME", "STAGES_MEMORY", "CA_BUNDLE"
CGROUP_PARENT, CPU_SHARES = "STAGES_CGROUP_PARENT", "STAGES_CPU_SHARES"
OVERRIDE, NETWORK = "STAGES_OVERRIDE", "DOWNLOAD_NETWORK"
GIVEN_BACKBONE, GIVEN_DATA, GIVEN_MODEL = "GIVEN_BACKBONE", "GIVEN_DATA", "GIVEN_MODEL"
GIVEN_PATHS = (GIVEN_BACKBONE, GIVEN_DATA, GIVEN_MODEL)
# By which invoke says, for each container, what train's is to call those.
GIVEN_NAME, GIVEN_DATA_NAME = "STAGES_GIVEN", "STAGES_GIVEN_DATA"
GIVEN_MODEL_NAME = "STAGES_GIVEN_MODEL"

WRITTEN: Final = {
    UID: "the number of the user that the stages run as: yours, and 10001 if you are root without "
    "sudo; 0 with a rootless engine, for which that is you",
    GID: "the number of that user's group",
    USERNS: "`host` if the engine would make another user of that one; not there if not",
    PROJECT: "compose's name for the runs of this checkout, `vgg19-` and 8 characters that follow "
    "from its path, so that two checkouts do not meet",
    MEMORY: "the memory that each container may take, such as `14336m`: the machine's, less a "
    "sixteenth and at least 1 GiB; a variable of the shell wins, and is written",
    CGROUP_PARENT: "the control group in which the containers that measure are: the machine's "
    "root, where their shares count against all other programs; empty if the engine is rootless or "
    "in a machine of its own",
    CPU_SHARES: "[how much of their cores](measuring.md#other-programs-wait) they are given while "
    "others want them, too: 262144 where any other program has 1024; a variable of the shell wins, "
    "and is written",
    CERTIFICATES: "the file with the certificates that download trusts; see "
    "[Networks, mirrors and proxies](reproducing.md#networks-mirrors-and-proxies)",
}
GIVEN: Final = {
    OVERRIDE: "a compose file that changes `compose.yaml` for `invoke`, as compose merges two; "
    "`docker compose` itself takes it by `-f`",
    NETWORK: "the network of download's container, `bridge` by default; `invoke` sets `host` if a "
    "proxy or a handle is at 127.0.0.1",
    GIVEN_BACKBONE: "the path of [a backbone of your own]"
    "(data-and-models.md#a-backbone-of-your-own) on this machine, also in `.env`; `docker compose` "
    "lets train's container see it",
    GIVEN_MODEL: "the path of [a model of your own](data-and-models.md#a-model-of-your-own) on "
    "this machine, also in `.env`; `docker compose` lets train's container see it",
    GIVEN_DATA: "the path of [a folder of pictures of your own]"
    "(data-and-models.md#pictures-of-your-own) on this machine, in the same way",
}
