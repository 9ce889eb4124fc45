import CLibZip
import Octets

/// A CAP file: a ZIP file with the components of a package in it, each a file `javacard/NAME.cap` in the folder of the
/// package (JCVM clause 4.1.3).
enum CAPFile {
    /// The components that a card loads, by tag, in the order in which they are installed: JCVM table 6-2. Descriptor
    /// and Debug are for other programs.
    private static let components: [(name: String, tag: UInt8)] = [
        ("Header", 1), ("Directory", 2), ("Import", 4), ("Applet", 3), ("Class", 6), ("Method", 7), ("StaticField", 8),
        ("Export", 10), ("ConstantPool", 5), ("RefLocation", 9),
    ]

    /// A component as it is loaded: a tag, two octets of length, at most as many octets as they can count.
    private static let longest = 3 + 0xFFFF

    /// Whether octets begin as a ZIP file does.
    static func isArchive(_ octets: [UInt8]) -> Bool { octets.starts(with: [0x50, 0x4B]) }

    /// The load file data block: the components, one after the other.
    ///
    /// - Throws: `archive` where the ZIP file is damaged, has no package or more than one, or a component is another or
    ///   has another length than its name and its header say.
    static func dataBlock(_ octets: [UInt8]) throws(LoadFile.Failure) -> [UInt8] {
        let result = octets.withUnsafeBytes { octets -> Result<[UInt8], LoadFile.Failure> in
            do throws(LoadFile.Failure) {
                return .success(try Archive(octets).dataBlock())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// A ZIP file in memory, which must stay as long as this.
    private struct Archive: ~Copyable {
        private let archive: OpaquePointer

        init(_ octets: UnsafeRawBufferPointer) throws(LoadFile.Failure) {
            var error = zip_error_t()
            zip_error_init(&error)
            defer { zip_error_fini(&error) }
            guard let source = zip_source_buffer_create(octets.baseAddress, zip_uint64_t(octets.count), 0, &error),
                let archive = zip_open_from_source(source, ZIP_RDONLY, &error)
            else { throw .archive("the ZIP file is damaged: \(String(cString: zip_error_strerror(&error)))") }
            self.archive = archive
        }

        deinit { zip_discard(archive) }

        func dataBlock() throws(LoadFile.Failure) -> [UInt8] {
            let names = (0..<max(0, zip_get_num_entries(archive, 0))).map { index in
                zip_get_name(archive, zip_uint64_t(index), 0).map { String(cString: $0) } ?? ""
            }
            let headers = names.filter { $0 == "javacard/Header.cap" || $0.hasSuffix("/javacard/Header.cap") }
            guard let header = headers.first else {
                throw .archive("the ZIP file is no CAP file: javacard/Header.cap is not in it")
            }
            guard headers.count == 1 else { throw .archive("the CAP file has more than one package") }
            let folder = header.dropLast("Header.cap".count)
            var block: [UInt8] = []
            for (name, tag) in CAPFile.components {
                guard let index = names.firstIndex(of: "\(folder)\(name).cap") else { continue }
                block += try component(name, tag, at: zip_uint64_t(index))
            }
            return block
        }

        private func component(_ name: String, _ tag: UInt8, at index: zip_uint64_t) throws(LoadFile.Failure) -> [UInt8]
        {
            guard let file = zip_fopen_index(archive, index, 0) else {
                throw .archive("\(name).cap cannot be unpacked: \(String(cString: zip_strerror(archive)))")
            }
            defer { zip_fclose(file) }
            var octets: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4_096)
            // The last read, of no octets, compares the check sum.
            while octets.count <= CAPFile.longest {
                let count = zip_fread(file, &buffer, zip_uint64_t(buffer.count))
                guard count >= 0 else {
                    throw .archive("\(name).cap cannot be unpacked: \(String(cString: zip_file_strerror(file)))")
                }
                if count == 0 { break }
                octets += buffer[..<Int(count)]
            }
            guard octets.count >= 3, octets[0] == tag, Int(octets[1]) << 8 | Int(octets[2]) == octets.count - 3 else {
                throw .archive("\(name).cap is no \(name) component")
            }
            return octets
        }
    }
}
