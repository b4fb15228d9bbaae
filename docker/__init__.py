"""Everything that knows about containers: the engine, the images, the runners of the stages."""
