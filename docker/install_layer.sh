#!/bin/sh
# Install requirements.txt into /rootfs, on top of the packages already in the virtual environment
# $1; COPY --from=... /rootfs/ / then makes an image layer of it. The same lock gives the same bytes.
set -eu
# Otherwise, each module that pip imports would leave bytecode with a time in it, which compileall
# below would keep.
export PYTHONDONTWRITEBYTECODE=1
environment=$1
packages=/rootfs$environment/lib/python3.11/site-packages

/opt/build/bin/pip --python "$environment/bin/python" install --root=/rootfs --no-deps \
    --no-compile --no-build-isolation --root-user-action=ignore --no-warn-script-location \
    --requirement requirements.txt

# Remove what no stage reads: headers for building extensions of TensorFlow (290 MB), the Intel
# extension for TensorFlow's own threads, as the stages use the one for OpenMP's (148 MB), and tests.
rm -rf "$packages/tensorflow/include" "$packages"/numpy/tests "$packages"/numpy/*/tests \
    "$packages/h5py/tests" "$packages/setuptools/tests" \
    "$packages"/scipy/*/tests "$packages"/scipy/*/*/tests
rm -f "$packages/intel_extension_for_tensorflow/libonednn_cpu_eigen_so.so"

# No requirement may be missing, except those that absent.txt leaves out on purpose.
absent=$(sed -n 's/ ;.*//p' absent.txt | paste -sd '|')
PYTHONPATH=$packages /opt/build/bin/pip --python "$environment/bin/python" check > check.log || true
if grep -vE "requires ($absent), which is not installed|^No broken requirements" check.log; then
    exit 1
fi

# Compile here, as the file system is read-only later; by hash, as all files have the same date; in
# one process, as the bytes depend on what a process compiled before. Some packages contain
# templates and code for other versions of Python, which don't compile.
python3 -m compileall -q --invalidation-mode unchecked-hash -s /rootfs "$packages" \
    > compile.log || grep -c '^\*\*\*' compile.log
find /rootfs -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
