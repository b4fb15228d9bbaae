/* sandboxed KIND LIBRARY PROGRAM...: runs it with the library, where a filter refuses `code` (new
 * pages of code that are no file's) or `membarrier`. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIELD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define UNLESS(test, value, skipped) BPF_JUMP(BPF_JMP | test | BPF_K, value, 0, skipped)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)

static struct sock_filter of_code[] = {
    FIELD(nr), UNLESS(BPF_JEQ, SYS_mmap, 5),
    FIELD(args[2]), UNLESS(BPF_JSET, PROT_EXEC, 3),
    FIELD(args[3]), UNLESS(BPF_JSET, MAP_ANONYMOUS, 1),
    RETURN(SECCOMP_RET_ERRNO | EPERM), RETURN(SECCOMP_RET_ALLOW)};
static struct sock_filter of_membarrier[] = {
    FIELD(nr), UNLESS(BPF_JEQ, SYS_membarrier, 1),
    RETURN(SECCOMP_RET_ERRNO | EPERM), RETURN(SECCOMP_RET_ALLOW)};

int main(int count, char **arguments) {
    struct sock_fprog code = {8, of_code}, membarrier = {4, of_membarrier};
    if (count < 4 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return 3;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, strcmp(arguments[1], "code") ? &membarrier : &code))
        return 3;
    setenv("LD_PRELOAD", arguments[2], 1);
    execv(arguments[3], arguments + 3);
    return 3;
}
