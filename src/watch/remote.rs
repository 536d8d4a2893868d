//! File systems that others change too, where the kernel tells only of what is done on this machine: network mounts, and
//! folders that a host shares with its container or virtual machine.

/// What such a file system is called, by the number that `statfs` gives.
const KINDS: [(i128, &str); 15] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "FUSE"),
    (0x786f_4256, "vboxsf"),
    (0x7c7c_6673, "prl_fs"),
    (0xbacb_acbc, "vmhgfs"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0bd0_0bd0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
];

/// Which of them holds `directory`, if one does.
#[cfg(target_os = "linux")]
pub fn file_system(directory: &str) -> Option<&'static str> {
    kind(i128::from(rustix::fs::statfs(directory).ok()?.f_type))
}

/// Elsewhere this is not needed.
#[cfg(not(target_os = "linux"))]
pub fn file_system(_directory: &str) -> Option<&'static str> {
    None
}

fn kind(number: i128) -> Option<&'static str> {
    // On some machines the number is a signed one of 32 bits.
    let number = number & 0xffff_ffff;
    KINDS.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        assert_eq!(kind(0x6969), Some("NFS"));
        assert_eq!(kind(i128::from(0xff53_4d42_u32.cast_signed())), Some("CIFS"));
        for local in [0xef53, 0x0102_1994, 0x9123_683e, 0x5846_5342, 0x794c_7630] {
            assert_eq!(kind(local), None, "{local:x}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_made_up_by_the_kernel_is_here() {
        assert_eq!(file_system("/proc"), None);
        assert_eq!(file_system("/missing"), None);
    }
}
