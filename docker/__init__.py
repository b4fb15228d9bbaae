"""Everything that knows of containers: the engine, the images, the runners of the stages."""
