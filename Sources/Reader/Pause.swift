import Glibc

/// Time that a thread lets pass.
enum Pause {
    static func milliseconds(_ count: Int) {
        var time = timespec(tv_sec: count / 1_000, tv_nsec: count % 1_000 * 1_000_000)
        var rest = timespec()
        while nanosleep(&time, &rest) != 0, errno == EINTR { time = rest }
    }
}
