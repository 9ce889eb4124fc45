import Octets

/// What the registry needs to know of a load file data block: its package, the modules in it, and what it builds on.
///
/// Read are the components of a CAP file of Java Card, one behind the other (Java Card virtual machine specification,
/// chapter 6), in the compact format. A load file data block in any other format is accepted unread, and has no
/// modules.
public struct LoadFileContents {
    /// A package: its AID and version.
    public struct Package {
        /// The AID.
        public let aid: OctetView
        /// The major version, and the minor one.
        public let version: (major: UInt8, minor: UInt8)
    }

    /// The package; nil in an unknown format.
    public let package: Package?
    /// The AIDs of the applets.
    public let modules: Modules
    /// The packages that are imported.
    public let imports: Imports

    private enum Component {
        static let header: UInt8 = 1
        static let applet: UInt8 = 3
        static let imports: UInt8 = 4
        /// Components above are custom ones, of which there may be several of a tag.
        static let lastOwn: UInt8 = 31
    }

    private static var magic: UInt32 { 0xDECA_FFED }
    private static var majorVersion: UInt8 { 2 }
    private static var extendedFormat: UInt8 { 0x08 }

    /// Reads a whole load file data block.
    ///
    /// - Throws: 6A80 where it is a CAP file, and malformed.
    public init(_ block: OctetView) throws(StatusWord) {
        guard block.octet(at: 0) == Component.header, block.uint32(at: 3) == Self.magic,
            block.octet(at: 8) == Self.majorVersion, let flags = block.octet(at: 9), flags & Self.extendedFormat == 0
        else {
            package = nil
            modules = Modules(OctetCursor(.empty), count: 0)
            imports = Imports(OctetCursor(.empty), count: 0)
            return
        }
        var components = OctetCursor(block)
        var seen: UInt32 = 0
        var package: Package?
        var modules = Modules(OctetCursor(.empty), count: 0)
        var imports = Imports(OctetCursor(.empty), count: 0)
        while !components.isAtEnd {
            guard let tag = components.octet(), let size = components.uint16(),
                let info = components.octets(Int(size))
            else { throw .incorrectData }
            if tag <= Component.lastOwn {
                guard seen & 1 << UInt32(tag) == 0 else { throw .incorrectData }
                seen |= 1 << UInt32(tag)
            }
            var cursor = OctetCursor(info)
            switch tag {
            case Component.header:
                // Magic, version of the format and flags; the name of the package may follow it.
                _ = cursor.octets(7)
                package = cursor.package()
                guard package != nil else { throw .incorrectData }
            case Component.applet:
                guard let count = cursor.octet() else { throw .incorrectData }
                modules = Modules(cursor, count: Int(count))
                try modules.check()
            case Component.imports:
                guard let count = cursor.octet() else { throw .incorrectData }
                imports = Imports(cursor, count: Int(count))
                try imports.check()
            default: break
            }
        }
        self.package = package
        self.modules = modules
        self.imports = imports
    }

    /// The AIDs of the applets, in order.
    public struct Modules: Sequence, IteratorProtocol {
        private var cursor: OctetCursor
        /// How many there are from here on.
        public private(set) var count: Int

        fileprivate init(_ cursor: OctetCursor, count: Int) {
            self.cursor = cursor
            self.count = count
        }

        /// The next one.
        public mutating func next() -> OctetView? {
            guard count > 0, let length = cursor.octet(), (5...16).contains(length),
                let aid = cursor.octets(Int(length)),
                // Where its method install is.
                cursor.uint16() != nil
            else { return nil }
            count -= 1
            return aid
        }

        /// - Throws: 6A80 where they are fewer or more than `count`, or one stands twice.
        fileprivate func check() throws(StatusWord) {
            var modules = self
            while let module = modules.next() {
                for other in modules where other.equals(module) { throw .incorrectData }
            }
            guard modules.count == 0, modules.cursor.isAtEnd else { throw .incorrectData }
        }
    }

    /// The packages that are imported, in order.
    public struct Imports: Sequence, IteratorProtocol {
        private var cursor: OctetCursor
        /// How many there are from here on.
        public private(set) var count: Int

        fileprivate init(_ cursor: OctetCursor, count: Int) {
            self.cursor = cursor
            self.count = count
        }

        /// The next one.
        public mutating func next() -> Package? {
            guard count > 0, let package = cursor.package() else { return nil }
            count -= 1
            return package
        }

        /// - Throws: 6A80 where they are fewer or more than `count`.
        fileprivate func check() throws(StatusWord) {
            var imports = self
            while imports.next() != nil {}
            guard imports.count == 0, imports.cursor.isAtEnd else { throw .incorrectData }
        }
    }
}

extension OctetCursor {
    /// Reads minor version, major version, and an AID behind its length.
    fileprivate mutating func package() -> LoadFileContents.Package? {
        guard let minor = octet(), let major = octet(), let length = octet(), (5...16).contains(length),
            let aid = octets(Int(length))
        else { return nil }
        return LoadFileContents.Package(aid: aid, version: (major, minor))
    }
}
