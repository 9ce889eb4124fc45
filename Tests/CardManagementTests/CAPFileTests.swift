import CLibZip
import CardManagement
import Testing

/// CAP files, made by libzip.
@Suite struct CAPFileTests {
    private typealias File = (name: String, octets: [UInt8])

    private static let header: File = ("Header", octets("01000FDECAFFED010204000005" + "0102030405"))
    private static let applet: File = ("Applet", octets("03000B01" + "07A0000000620101" + "0010"))

    /// The components in the order of loading: JCVM table 6-2.
    private static let components: [File] = [
        header, ("Directory", octets("020001D2")), ("Import", octets("040001D4")), applet,
        ("Class", octets("060001D6")), ("Method", [0x07, 0x20, 0x00] + [UInt8](repeating: 0xA7, count: 0x2000)),
        ("StaticField", octets("080001D8")), ("Export", octets("0A0001DA")), ("ConstantPool", octets("050001D5")),
        ("RefLocation", octets("090001D9")),
    ]

    private static let others: [File] = [("Descriptor", octets("0B0001DB")), ("Debug", octets("0C0001DC"))]

    /// A ZIP file of components in a folder, each compressed by `method`.
    private static func archive(
        _ files: [File],
        in folder: String = "com/example/javacard/",
        method: Int32 = ZIP_CM_DEFLATE
    ) throws -> [UInt8] {
        let source = try #require(zip_source_buffer_create(nil, 0, 0, nil))
        let archive = try #require(zip_open_from_source(source, ZIP_TRUNCATE, nil))
        zip_source_keep(source)
        defer { zip_source_free(source) }
        // They must stay until the archive is closed.
        let buffers = files.map { file in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: file.octets.count, alignment: 1)
            buffer.copyBytes(from: file.octets)
            return buffer
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        for (file, buffer) in zip(files, buffers) {
            let content = try #require(zip_source_buffer(archive, buffer.baseAddress, zip_uint64_t(buffer.count), 0))
            let index = zip_file_add(archive, "\(folder)\(file.name).cap", content, 0)
            try #require(index >= 0)
            try #require(zip_set_file_compression(archive, zip_uint64_t(index), method, 0) == 0)
        }
        try #require(zip_close(archive) == 0)
        try #require(zip_source_open(source) == 0)
        defer { zip_source_close(source) }
        var octets = [UInt8](repeating: 0, count: 65_536)
        let count = zip_source_read(source, &octets, zip_uint64_t(octets.count))
        try #require(count > 0)
        return Array(octets[..<Int(count)])
    }

    private static func reason(_ octets: [UInt8]) -> String? {
        do throws(LoadFile.Failure) {
            _ = try LoadFile(octets)
            return nil
        } catch {
            return error.description
        }
    }

    /// Whatever their order in the archive is, with and without a folder of the package.
    @Test(arguments: [ZIP_CM_DEFLATE, ZIP_CM_STORE], ["com/example/javacard/", "javacard/"])
    func order(method: Int32, folder: String) throws {
        let files = Array((Self.components + Self.others).reversed())
        let file = try LoadFile(try Self.archive(files, in: folder, method: method))
        #expect(file.dataBlock == Self.components.flatMap(\.octets))
        #expect(file.aid == octets("0102030405"))
        #expect(file.applets == [octets("A0000000620101")])
    }

    @Test func inTheWay() throws {
        #expect(Self.reason(octets("504B0304"))?.hasPrefix("the ZIP file is damaged: ") == true)
        #expect(
            Self.reason(try Self.archive([Self.applet]))
                == "the ZIP file is no CAP file: javacard/Header.cap is not in it"
        )
        let second = ("b/javacard/Header", Self.header.octets)
        #expect(
            Self.reason(try Self.archive([("a/javacard/Header", Self.header.octets), second], in: ""))
                == "the CAP file has more than one package"
        )
        for octetsOfClass in ["070001D6", "060002D6", "0600"] {
            let archive = try Self.archive([Self.header, ("Class", octets(octetsOfClass))])
            #expect(Self.reason(archive) == "Class.cap is no Class component")
        }
        let long = [0x07, 0xFF, 0xFF] + [UInt8](repeating: 0x00, count: 100_000)
        #expect(Self.reason(try Self.archive([Self.header, ("Method", long)])) == "Method.cap is no Method component")
    }

    /// An octet of a component that the check sum does not fit.
    @Test func alteredComponent() throws {
        var archive = try Self.archive([Self.header], method: ZIP_CM_STORE)
        let place = try #require(archive.indices.first { archive[$0...].starts(with: octets("DECAFFED")) })
        archive[place + 12] ^= 0x01
        #expect(Self.reason(archive)?.hasPrefix("Header.cap cannot be unpacked: ") == true)
    }
}
