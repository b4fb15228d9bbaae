"""Every figure of quantize.json's variants once more, from its raw samples."""

from dataclasses import replace

from stages.quantize.bench import throughput
from stages.quantize.bound import Bound
from stages.quantize.layers import reference_share
from stages.records.quantize import QuantizeRecord, Variant
from stages.runtime import accuracy_top1


def rederived(record: QuantizeRecord) -> QuantizeRecord:
    """Return the record with its variants as their samples give them."""
    made = [each for each in record.variants if each.missing is None]
    fp32 = next(each for each in made if each.precision == "fp32")
    bound = Bound(accuracy_top1(fp32.predictions, record.labels), record.tolerable_loss)
    reference = throughput(record.batch_size, fp32.batch_seconds)
    variants = [
        _variant(each, record, bound, reference) if each in made else each
        for each in record.variants
    ]
    return replace(record, variants=variants)


def _variant(variant: Variant, record: QuantizeRecord, bound: Bound, reference: float) -> Variant:
    accuracy = accuracy_top1(variant.predictions, record.labels)
    rate = throughput(record.batch_size, variant.batch_seconds)
    return replace(
        variant,
        accuracy_top1=accuracy,
        loss=bound.loss(accuracy),
        throughput_images_per_s=rate,
        speedup=rate / reference,
        reference_share=reference_share(variant.layers or []),
    )
