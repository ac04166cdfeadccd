//! System calls that sandboxed code is refused.
//!
//! A deny list, like Docker's default turned round: builds run every kind of tool, so what is unknown is allowed, and
//! what only administrators, debuggers and exploits need is refused. Capabilities are gone anyway; this takes away the
//! kernel code behind them. Three programs are loaded one after the other (the strictest answer wins): one that answers
//! "not permitted", one that answers "no such call", so that callers take their older way, and one that refuses the
//! x32 numbers, under which every call could be made again.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// Refused with EPERM.
const FORBIDDEN: &[i64] = &[
    // Keys of the whole machine: keyrings are not namespaced.
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_request_key,
    // Code and counters in the kernel.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    // Other processes' memory.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    // Namespaces and mounts.
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    // The machine.
    libc::SYS_acct,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_vhangup,
];

/// Refused with ENOSYS: `clone3` keeps its flags where a filter cannot look, and io_uring does calls that no filter sees.
const UNKNOWN: &[i64] = &[
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// Flags of `clone` and `unshare` that make a namespace.
const NAMESPACE_FLAGS: &[i32] = &[
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];

/// Socket families that reach past the network: the kernel's cipher code, and the hypervisor.
const SOCKET_FAMILIES: &[i32] = &[libc::AF_ALG, libc::AF_VSOCK];

/// Terminal requests that type into somebody else's terminal: TIOCSTI and TIOCLINUX (ioctl_tty(2)).
const TERMINAL_REQUESTS: &[u64] = &[0x5412, 0x541C];

/// The programs as the kernel reads them, or none on a processor the filter compiler does not know.
pub(crate) fn programs() -> Option<Vec<Vec<u8>>> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).ok()?;
    let forbidden = compile(forbidden()?, libc::EPERM, arch)?;
    let unknown = compile(whole(UNKNOWN), libc::ENOSYS, arch)?;
    let mut programs = vec![bytes(&forbidden), bytes(&unknown)];
    if matches!(arch, TargetArch::x86_64) {
        programs.push(refuse_x32());
    }
    Some(programs)
}

fn whole(calls: &[i64]) -> BTreeMap<i64, Vec<SeccompRule>> {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

fn forbidden() -> Option<BTreeMap<i64, Vec<SeccompRule>>> {
    let mut rules = whole(FORBIDDEN);
    let flags = |argument| {
        NAMESPACE_FLAGS
            .iter()
            .map(|flag| u64::from(flag.unsigned_abs()))
            .map(|flag| when(argument, SeccompCmpOp::MaskedEq(flag), flag))
            .collect::<Option<Vec<_>>>()
    };
    rules.insert(libc::SYS_clone, flags(0)?);
    rules.insert(libc::SYS_unshare, flags(0)?);
    let families = SOCKET_FAMILIES
        .iter()
        .map(|family| when(0, SeccompCmpOp::Eq, u64::from(family.unsigned_abs())))
        .collect::<Option<Vec<_>>>()?;
    rules.insert(libc::SYS_socket, families);
    let requests = TERMINAL_REQUESTS
        .iter()
        .map(|request| when(1, SeccompCmpOp::Eq, *request))
        .collect::<Option<Vec<_>>>()?;
    rules.insert(libc::SYS_ioctl, requests);
    Some(rules)
}

fn when(argument: u8, comparison: SeccompCmpOp, value: u64) -> Option<SeccompRule> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, comparison, value).ok()?;
    SeccompRule::new(vec![condition]).ok()
}

fn compile(rules: BTreeMap<i64, Vec<SeccompRule>>, errno: i32, arch: TargetArch) -> Option<BpfProgram> {
    let refuse = SeccompAction::Errno(errno.unsigned_abs());
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)
        .and_then(BpfProgram::try_from)
        .ok()
}

/// `if number >= 0x40000000 { ENOSYS } else { allow }`, which the filter compiler cannot express.
fn refuse_x32() -> Vec<u8> {
    const LOAD_NUMBER: (u16, u8, u8, u32) = (0x20, 0, 0, 0);
    const JUMP_IF_BELOW: (u16, u8, u8, u32) = (0x35, 0, 1, 0x4000_0000);
    const REFUSE: (u16, u8, u8, u32) = (0x06, 0, 0, 0x0005_0000 | libc::ENOSYS.unsigned_abs());
    const ALLOW: (u16, u8, u8, u32) = (0x06, 0, 0, 0x7fff_0000);
    [LOAD_NUMBER, JUMP_IF_BELOW, REFUSE, ALLOW]
        .into_iter()
        .flat_map(|(code, yes, no, value)| instruction(code, yes, no, value))
        .collect()
}

fn bytes(program: &BpfProgram) -> Vec<u8> {
    program
        .iter()
        .flat_map(|step| instruction(step.code, step.jt, step.jf, step.k))
        .collect()
}

/// `struct sock_filter` in the processor's byte order.
fn instruction(code: u16, yes: u8, no: u8, value: u32) -> [u8; 8] {
    let [c0, c1] = code.to_ne_bytes();
    let [v0, v1, v2, v3] = value.to_ne_bytes();
    [c0, c1, yes, no, v0, v1, v2, v3]
}
