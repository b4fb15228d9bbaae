"""What the JSON of a model may name, without Keras."""

import copy
from typing import Any

import pytest

from stages.errors import ModelError
from stages.train.keras_config import require_known


def layer(kind: str, name: str = "it", module: str | None = "keras.layers", **config: Any) -> Any:
    written = {"class_name": kind, "config": {"name": name, **config}, "registered_name": None}
    return written | ({"module": module} if module else {})


def function(name: str, module: str = "builtins", registered: str | None = None) -> Any:
    return {
        "module": module,
        "class_name": "function",
        "config": name,
        "registered_name": registered or name,
    }


def model(*layers: Any, **more: Any) -> Any:
    functional = layer("Functional", "all", "keras.src.engine.functional", layers=list(layers))
    return functional | {"registered_name": "Functional"} | more


def dense(**config: Any) -> Any:
    return layer("Dense", "last", units=3, **config)


ZEROS = {"class_name": "Zeros", "config": {}, "module": "keras.initializers"}
USUAL = [
    dense(activation="softmax", kernel_initializer=ZEROS, bias_initializer="zeros"),
    dense(activation=function("relu6"), kernel_regularizer={"class_name": "L2", "config": {}}),
    layer("Conv2D", module=None, activation="relu", kernel_constraint="max_norm"),
    layer("BatchNormalizationV1", module=None),
    layer("Activation", activation="LeakyReLU"),
    layer("Bidirectional", layer=layer("LSTM", recurrent_activation="hard_sigmoid")),
    layer("TFOpLambda", module="keras.src.layers.core.tf_op_layer", function="math.multiply"),
    layer("TFOpLambda", module=None, function="compat.v1.nn.conv2d"),
    layer("SlicingOpLambda", module=None, function="__operators__.getitem"),
    layer("Dense", module="tf_keras.layers", activation=None),
    layer("LayerScale", module="keras.src.applications.convnext") | {"registered_name": None},
    model(dense()),
    layer("Dense", dtype={"class_name": "Policy", "config": {"name": "mixed_float16"}}),
    layer("Normalization", mean={"class_name": "__numpy__", "config": {"value": [1.0]}}),
]


@pytest.mark.parametrize("usual", USUAL)
def test_layers_of_keras_are_taken(usual: Any) -> None:
    before = copy.deepcopy(usual)
    require_known(model(usual))
    assert usual == before


OS = function("system", "os")
HARMFUL = [
    (layer("Lambda", function=OS, function_type="function"), "holds Python code, in the Lambda"),
    (layer("Lambda", module=None, function=["4wEA", None, None]), "holds Python code"),
    ({"class_name": "__lambda__", "config": {"value": "4wEA"}}, "holds Python code"),
    (layer("Activation", activation=OS), "names system"),
    (dense(activation=function("relu", "os")), "names relu of os, in the layer last"),
    (dense(activation=function("relu", registered="os.system")), "names relu"),
    (dense(activation=function("get_file", "keras.utils")), "names get_file"),
    (dense(activation="deserialize"), "has deserialize as activation, in the layer last"),
    (dense(kernel_initializer="get"), "has get as kernel_initializer"),
    (dense(bias_constraint={"class_name": "Popen", "config": {}, "module": "subprocess"}), "Popen"),
    (layer("Dense", module="mine.layers"), "names Dense of mine.layers, in the layer it"),
    (layer("Dense", module="keras.src.saving.saving_lib"), "names Dense of keras.src.saving"),
    (layer("Dense") | {"registered_name": "Mine>Other"}, "names Dense"),
    (layer("os.system", module="keras.layers"), "names os.system"),
    (layer("TFSMLayer", filepath="/given-model/other"), "names TFSMLayer"),
    (layer("TextVectorization", vocabulary="/etc/passwd"), "names TextVectorization"),
    (layer("ClassMethod", cls_symbol="io.gfile.GFile", method_name="read"), "names ClassMethod"),
    (layer("InstanceMethod", attr_name="numpy"), "names InstanceMethod"),
    (layer("TFOpLambda", function="keras.models.model_from_json"), "calls keras.models.model_from"),
    (layer("TFOpLambda", function="io.write_file"), "calls io.write_file"),
    (layer("TFOpLambda", function="py_function"), "calls py_function"),
    (layer("SlicingOpLambda", function="load_library"), "calls load_library"),
    (layer("TFOpLambda", function=["math.add"]), "calls"),
    (layer("TFOpLambda"), "calls None"),
    (layer(["Dense"]), "names"),  # type: ignore[arg-type]
    ({"class_name": "__typespec__", "config": [], "spec_name": "P", "module": "m"}, "names __"),
    ([{"_TYPE": "COMPOSITE"}, '{"class_name": "TypeSpec"}'], "has a _TYPE"),
]


@pytest.mark.parametrize(("harmful", "words"), HARMFUL)
@pytest.mark.parametrize(
    "within",
    [
        lambda it: model(it),
        lambda it: model(model(dense(), it)),
        lambda it: model(layer("TimeDistributed", layer=it)),
        lambda it: model(dense() | {"inbound_nodes": [[["_CONSTANT_VALUE", -1, it, {}]]]}),
        lambda it: model(dense() | {"inbound_nodes": [[["all", 0, 0, {"mask": {"a": it}}]]]}),
        lambda it: model(dense() | {"build_config": {"input_shape": it}}),
    ],
)
def test_what_could_run_code_is_refused_at_any_depth(harmful: Any, words: str, within: Any) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        require_known(within(harmful))
    assert "by `model.export('FOLDER')`" in str(caught.value)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"class_name": "eval", "config": "1"}, "names eval, in a layer without a name, which"),
        ({"class_name": "Lambda", "config": {}}, "in a Lambda layer without a name, which is not"),
    ],
)
def test_a_layer_without_a_name_is_said_to_have_none(config: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        require_known({"class_name": "Sequential", "config": {"layers": [config]}})


def test_settings_for_training_of_an_inner_model_are_refused() -> None:
    optimizer = {"class_name": "Adam", "config": {}, "module": "keras.optimizers"}
    with pytest.raises(ModelError, match="has a compile_config, in the layer all"):
        require_known(model(model(dense(), compile_config={"optimizer": optimizer})))
    require_known(model(model(dense(), compile_config=None)))


@pytest.mark.parametrize("config", [None, [], "Sequential", {}, layer("Dense"), {"class_name": []}])
def test_what_is_no_model_is_refused(config: Any) -> None:
    with pytest.raises(ModelError, match="holds no model that Keras saved whole"):
        require_known(config)


def test_a_strangers_name_is_cleaned_and_cut() -> None:
    with pytest.raises(ModelError) as caught:
        require_known(model(layer("\x1b[31m" * 99, "na\nme")))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
