//! Where this process listens, as it finds it in its own descriptors.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;

use rustix::net::{AddressFamily, SocketType, getsockname, sockopt};

/// The URLs of the TCP sockets on which this process listens, but for that on the port `except`.
pub fn urls(except: Option<u64>) -> Vec<String> {
    let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let addresses = numbers.filter_map(address);
    let mut urls: Vec<_> = addresses
        .filter(|address| except != Some(u64::from(address.port())))
        .map(|address| url(&address))
        .collect();
    urls.sort_unstable();
    urls.dedup();
    urls
}

fn address(number: i32) -> Option<SocketAddr> {
    #[expect(unsafe_code, reason = "the number may be nobody's by now: then the system says so")]
    // SAFETY: it is only asked about, which leaves whatever it is as it is.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    let family = sockopt::socket_domain(fd).ok()?;
    if family != AddressFamily::INET && family != AddressFamily::INET6 {
        return None;
    }
    let listens = sockopt::socket_acceptconn(fd).ok()?
        && sockopt::socket_type(fd).ok()? == SocketType::STREAM;
    let address = getsockname(fd).ok().filter(|_| listens)?;
    SocketAddr::try_from(address).ok()
}

fn url(address: &SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    if ip.is_unspecified() || ip == IpAddr::from([127, 0, 0, 1]) {
        return format!("http://localhost:{port}");
    }
    format!("http://{address}")
}
