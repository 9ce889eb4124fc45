import Glibc

/// The few things that the protocol needs of TCP, over IPv4 as the driver speaks it.
enum TCP {
    /// A socket of no connection yet; it is not inherited by programs that the process starts.
    static func socket() throws(TerminalError) -> Int32 {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TerminalError(failed: "make a socket") }
        return descriptor
    }

    /// The address of an endpoint.
    static func resolve(_ endpoint: VPCDEndpoint) throws(TerminalError) -> sockaddr_in {
        var hints = addrinfo()
        hints.ai_family = AF_INET
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(endpoint.host, nil, &hints, &list)
        defer { if list != nil { freeaddrinfo(list) } }
        guard status == 0, let found = list?.pointee.ai_addr else {
            throw TerminalError(.unavailable, "\(endpoint.host): \(String(cString: gai_strerror(status)))")
        }
        var address = UnsafeRawPointer(found).loadUnaligned(as: sockaddr_in.self)
        address.sin_port = endpoint.port.bigEndian
        return address
    }

    /// A socket that listens at `endpoint`, and the port it has.
    static func listen(_ endpoint: VPCDEndpoint) throws(TerminalError) -> (descriptor: Int32, port: UInt16) {
        var address = try resolve(endpoint)
        let descriptor = try socket()
        setOption(descriptor, SOL_SOCKET, SO_REUSEADDR)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, size) == 0 && Glibc.listen(descriptor, 1) == 0
                    && getsockname(descriptor, address, &size) == 0
            }
        }
        guard bound else {
            let error = TerminalError(failed: "listen at \(endpoint)")
            close(descriptor)
            throw error
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// The next peer of a socket that listens; nil when it no longer does.
    static func accept(_ listener: Int32) -> Int32? {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            if descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
                return descriptor
            }
            switch errno {
            case EBADF, EINVAL, ENOTSOCK: return nil
            // Out of descriptors or memory: the peer stays in the queue, a little later there may be room.
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: poll(nil, 0, 100)
            default: continue
            }
        }
    }

    /// Begins to connect; `finishConnecting` ends it. Until then the socket does not block.
    static func beginConnecting(_ descriptor: Int32, to address: sockaddr_in) -> Int32 {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var address = address
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? 0 : errno
            }
        }
    }

    /// Waits until the connection is there, or has failed, or the socket was shut down by another thread.
    ///
    /// - Returns: an error number, 0 if there is a connection.
    static func finishConnecting(_ descriptor: Int32) -> Int32 {
        guard wait(for: POLLOUT, on: descriptor, milliseconds: -1) else { return ETIMEDOUT }
        var status: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &status, &size)
        if status == 0 {
            var peer = sockaddr_in()
            var peerSize = socklen_t(MemoryLayout<sockaddr_in>.size)
            let known = withUnsafeMutablePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getpeername(descriptor, $0, &peerSize) == 0
                }
            }
            if !known { return errno }
            _ = fcntl(descriptor, F_SETFL, 0)
            setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
        }
        return status
    }

    /// Waits until something is possible on a socket.
    ///
    /// - Parameter milliseconds: how long; less than 0: for ever.
    /// - Returns: whether it is possible; false after the time.
    static func wait(for events: Int32, on descriptor: Int32, milliseconds: Int32) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
        while true {
            let count = poll(&item, 1, milliseconds)
            if count >= 0 { return count > 0 }
            if errno != EINTR { return false }
        }
    }

    /// Receives what there is, at least one octet.
    ///
    /// - Returns: how many octets; 0 when the peer has closed or the connection is broken; `nothing` when nothing came in
    ///   the time that the socket allows.
    @inline(__always)
    static func receive(_ descriptor: Int32, _ start: UnsafeMutableRawPointer, _ count: Int) -> Int {
        while true {
            let received = recv(descriptor, start, count, 0)
            if received >= 0 { return received }
            if errno == EAGAIN { return nothing }
            if errno != EINTR { return 0 }
        }
    }

    static let nothing = -1

    /// From now on `receive` waits for so long only.
    static func setReceiveTimeout(_ descriptor: Int32, milliseconds: Int) {
        var time = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Sends all octets, in one segment where they fit in one.
    ///
    /// - Returns: false when the connection is broken.
    @inline(__always)
    static func send(_ descriptor: Int32, _ octets: UnsafeRawBufferPointer) -> Bool {
        guard let start = octets.baseAddress else { return true }
        var sent = 0
        while sent < octets.count {
            let count = Glibc.send(descriptor, start + sent, octets.count - sent, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                sent += count
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// Makes the system acknowledge at once what has come and what comes next. The driver of version 3.3 sends length and
    /// octets as two segments, and holds the second back until the first is acknowledged, which otherwise takes 40 ms.
    /// The system forgets the wish, so that it is repeated before each length.
    @inline(__always)
    static func acknowledgeAtOnce(_ descriptor: Int32) {
        setOption(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK)
    }

    @inline(__always)
    static func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
    }
}
