"""Train stage: a new three-class head on a frozen VGG19 backbone, written as `model_keras.fp32`."""
