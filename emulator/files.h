/* Files, by system calls alone: libc's functions may end a thread that is to be cancelled, in the
 * middle of what a signal handler does. As libc's they return -1 with errno. */
#ifndef FILES_H
#define FILES_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int files_open(const char *path, int flags) {
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0644);
}

static inline long files_close(int file) { return syscall(SYS_close, file); }

static inline long files_read(int file, void *to, size_t count, uint64_t offset) {
    return syscall(SYS_pread64, file, to, count, offset);
}

static inline long files_write_at(int file, const void *from, size_t count, uint64_t offset) {
    return syscall(SYS_pwrite64, file, from, count, offset);
}

static inline long files_write(int file, const void *from, size_t count) {
    return syscall(SYS_write, file, from, count);
}

#endif
