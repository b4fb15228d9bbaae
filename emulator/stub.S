/* void rewrite_stub: between a thunk and rewrite_execute, which sees and keeps all registers.
 * In: RAX = the instruction. On the stack: the return to the thunk, the code's RAX, its red zone.
 */
    .set ZMM, 0
    .set MASKS, 32 * 64
    .set REGISTERS, MASKS + 8 * 8
    .set FRAME, REGISTERS + 16 * 8          /* a multiple of 64 */
    .text
    .globl rewrite_stub
    .hidden rewrite_stub
    .type rewrite_stub, @function
rewrite_stub:
    pushfq
    push %rbp
    mov %rsp, %rbp
    and $-64, %rsp
    sub $FRAME, %rsp
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vmovdqa64 %zmm\n, ZMM + 64 * \n(%rsp)
    .endr
    .irp n, 0,1,2,3,4,5,6,7
    kmovq %k\n, MASKS + 8 * \n(%rsp)
    .endr
    mov %rcx, REGISTERS + 8(%rsp)           /* in the processor's order */
    mov %rdx, REGISTERS + 16(%rsp)
    mov %rbx, REGISTERS + 24(%rsp)
    mov %rsi, REGISTERS + 48(%rsp)
    mov %rdi, REGISTERS + 56(%rsp)
    .irp n, 8,9,10,11,12,13,14,15
    mov %r\n, REGISTERS + 8 * \n(%rsp)
    .endr
    mov 24(%rbp), %rcx                      /* the code's RAX, RSP and RBP */
    mov %rcx, REGISTERS(%rsp)
    lea 32 + 128(%rbp), %rcx
    mov %rcx, REGISTERS + 32(%rsp)
    mov (%rbp), %rcx
    mov %rcx, REGISTERS + 40(%rsp)
    mov %rax, %rdi
    lea REGISTERS(%rsp), %rsi
    cld
    call rewrite_execute
    mov REGISTERS + 8(%rsp), %rcx
    mov REGISTERS + 16(%rsp), %rdx
    mov REGISTERS + 48(%rsp), %rsi
    mov REGISTERS + 56(%rsp), %rdi
    .irp n, 8,9,10,11
    mov REGISTERS + 8 * \n(%rsp), %r\n
    .endr
    .irp n, 0,1,2,3,4,5,6,7
    kmovq MASKS + 8 * \n(%rsp), %k\n
    .endr
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vmovdqa64 ZMM + 64 * \n(%rsp), %zmm\n
    .endr
    mov %rbp, %rsp
    pop %rbp
    popfq
    ret
    .size rewrite_stub, . - rewrite_stub

/* void rewrite_refuse(void): the processor's refusal. const uint8_t trap_return[]: RET, where a
 * handler goes on when what trapped was a function that only returns (so that shadow stacks agree). */
    .globl rewrite_refuse, rewrite_refusal, trap_return
    .hidden rewrite_refuse, rewrite_refusal, trap_return
    .type rewrite_refuse, @function
rewrite_refuse:
rewrite_refusal:
    ud2
trap_return:
    ret
    .size rewrite_refuse, . - rewrite_refuse
    .section .note.GNU-stack, "", @progbits
