"""Results and images as files for others: bundles, exports, bills of materials."""
