"""What Slurm's words mean: for the state of a job, and for why one waits."""

import re

# All words that Slurm's squeue, sacct and scontrol have for a job's state, up to version 25.
WAITING = frozenset(
    {
        *("PENDING", "EXPEDITING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD"),
        "SPECIAL_EXIT",
    }
)
# They have a node, which boots: minutes of a cloud's.
STARTING = frozenset(("CONFIGURING", "POWER_UP_NODE"))
# They have a node, which another job has for now, or an administrator wants.
SUSPENDED = frozenset(("STOPPED", "SUSPENDED"))
# A job that is revoked here runs on another cluster of a federation.
RUNNING = frozenset(("RUNNING", "RESIZING", "REVOKED", "SIGNALING", "UPDATE_DB"))
# What they ran has ended, or is being ended, and their node is cleared up: by a site's own program,
# it may take minutes.
ENDING = frozenset(("COMPLETING", "STAGE_OUT"))
OUT_OF_MEMORY, DEADLINE = "OUT_OF_MEMORY", "DEADLINE"
TIMED_OUT = frozenset(("TIMEOUT", DEADLINE))
KILLED = frozenset(
    {
        *("CANCELLED", "NODE_FAIL", OUT_OF_MEMORY, "PREEMPTED", "BOOT_FAIL", "LAUNCH_FAILED"),
        "RECONFIG_FAIL",
    }
)
OVER = frozenset(("COMPLETED", "FAILED")) | TIMED_OUT | KILLED
# Parts of Slurm's words. Most limits are of what is at work, and so end.
HOPELESS = (
    *("Down", "Drained", "BadConstraints", "Held", "_held", "JobHold", "Inactive"),
    *("PerJob", "PerNode", "PartitionNodeLimit", "PartitionTimeLimit", "MaxMemPerLimit"),
    *("QOSMin", "QOSTimeLimit", "AssociationTimeLimit", "ReservationDeleted"),
    *("Invalid", "NotAllowed", "NotSatisfied", "NeverSatisfied"),
)
# In words that Slurm has for nodes that are down, and for those that others use, too.
MAY_BE_DOWN = ("_DOWN", "NotAvail")
# With these the second of them is said of nodes that are reserved for a time.
RESERVED = ("May_be_reserved", "Reserved_for_maintenance")
# Limits of all that was ever used. What jobs may yet use as they run is freed as they end.
OF_ALL_USE = re.compile(r"Grp(?!\w*Run)\w*Minutes|GrpWall")


def may_be_down(reason: str) -> bool:
    """Return whether a job that waits for this reason may wait for nodes that are down."""
    is_reserved = any(part in reason for part in RESERVED)
    return not is_reserved and any(part in reason for part in MAY_BE_DOWN)


def never_ends(reason: str) -> bool:
    """Return whether a job that waits for this reason goes on waiting until somebody acts."""
    return any(part in reason for part in HOPELESS) or bool(OF_ALL_USE.search(reason))
