"""Every figure of quantize.json once more, from its raw samples and the logs beside it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from stages.common.chance import chance_of
from stages.common.onednn.kernels import primitive_of, reference_share
from stages.common.onednn.log import parse_log
from stages.common.stats import accuracy_top1, agreement
from stages.files.member import member
from stages.quantize.bound import Bound
from stages.quantize.evaluator import index_of_fastest, throughput
from stages.quantize.op_profile import compute_ops, layer_of, with_time_fractions
from stages.quantize.report import verdict_on
from stages.records.measure import Primitive
from stages.records.quantize import Layer, QuantizeRecord, Sensitivity, Trial, Variant
from stages.stage_folders import QuantizeFolder


def rederived(record: QuantizeRecord, folder: QuantizeFolder) -> QuantizeRecord:
    """Return the record as its samples, and the logs in `folder`, give it.

    What no sample shows stays as it is: which op ran a primitive, the findings, the divergences.
    """
    fp32 = record.variant("fp32")
    bound = Bound(
        accuracy_top1(fp32.predictions, record.labels),
        record.tolerable_loss,
        record.tolerable_disagreement,
    )
    chosen = _chosen(record, bound)
    int8 = record.variant("int8").layers or []
    return replace(
        record,
        recipe=chosen.recipe,
        trials=[_trial(trial, record, bound, chosen=trial is chosen) for trial in record.trials],
        sensitivity=[_sensitivity(gain, record) for gain in record.sensitivity],
        variants=[_variant(variant, record, bound, folder) for variant in record.variants],
        int8_ops=compute_ops(int8, int8=True),
        fp32_ops=compute_ops(int8, int8=False),
        chance=chance_of(fp32.predictions, record.labels),
    )


def _chosen(record: QuantizeRecord, bound: Bound) -> Trial:
    """Return the fastest of the finalists, or the only trial within the bound if there were none.

    A recipe that failed has no predictions.
    """
    finals = [trial for trial in record.trials if trial.final_batch_seconds]
    if finals:
        batch_seconds = [trial.final_batch_seconds for trial in finals]
        return finals[index_of_fastest(record.batch_size, batch_seconds)]
    working = (trial for trial in record.trials if trial.predictions)
    return next(
        trial
        for trial in working
        if bound.is_met_by(
            accuracy_top1(trial.predictions, record.labels), _agreement(trial, record)
        )
    )


def _agreement(made: Trial | Variant, record: QuantizeRecord) -> float:
    return agreement(made.predictions, record.variant("fp32").predictions)


def _trial(trial: Trial, record: QuantizeRecord, bound: Bound, *, chosen: bool) -> Trial:
    if not trial.predictions:
        return replace(
            trial,
            accuracy_top1=None,
            loss=None,
            agreement_fp32=None,
            throughput_images_per_s=None,
            reference_share=None,
        )
    accuracy, agreed = accuracy_top1(trial.predictions, record.labels), _agreement(trial, record)
    layers = with_time_fractions(trial.layers)
    return replace(
        trial,
        verdict=verdict_on(accuracy, agreed, bound, chosen=chosen),
        accuracy_top1=accuracy,
        loss=bound.loss(accuracy),
        agreement_fp32=agreed,
        throughput_images_per_s=throughput(record.batch_size, trial.batch_seconds),
        layers=layers,
        reference_share=reference_share(layers),
    )


def _sensitivity(gain: Sensitivity, record: QuantizeRecord) -> Sensitivity:
    return replace(gain, accuracy_top1=accuracy_top1(gain.predictions, record.labels))


def _variant(
    variant: Variant, record: QuantizeRecord, bound: Bound, folder: QuantizeFolder
) -> Variant:
    if variant.missing:
        return variant
    accuracy = accuracy_top1(variant.predictions, record.labels)
    speed = throughput(record.batch_size, variant.batch_seconds)
    reference = throughput(record.batch_size, record.variant("fp32").batch_seconds)
    layers = _logged_layers(variant, folder)
    return replace(
        variant,
        accuracy_top1=accuracy,
        loss=bound.loss(accuracy),
        agreement_fp32=_agreement(variant, record),
        throughput_images_per_s=speed,
        speedup=speed / reference,
        layers=layers,
        reference_share=reference_share(layers),
    )


def _logged_layers(variant: Variant, folder: QuantizeFolder) -> list[Layer]:
    """Return the layers of a variant that its log has, too."""
    log = member(folder.proof, f"{variant.precision}.log")
    text = log.read_text(encoding="utf-8", errors="replace")
    primitives = map(primitive_of, parse_log(text.splitlines()).executions)
    return with_time_fractions(list(_in_log(variant.layers or [], primitives)))


def _in_log(recorded: Iterable[Layer], primitives: Iterable[Primitive]) -> Iterator[Layer]:
    """Yield the layers that a log has, in its order, up to the first that it does not have."""
    left = iter(primitives)
    for layer in recorded:
        if replace(layer, share=0.0) not in (layer_of(layer.op, primitive) for primitive in left):
            return
        yield layer
