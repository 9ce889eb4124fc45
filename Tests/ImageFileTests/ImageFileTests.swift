import Foundation
import Testing

@testable import ImageFile

@Suite struct ImageFileTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    func reason(_ body: () throws -> Void) -> ImageFileError.Reason? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ImageFileError)?.reason
        }
    }

    // MARK: sizes (docs/memory-image.md section 1)

    @Test(arguments: [65_536, 69_632, 524_288, 16_773_120])
    func permittedSize(_ size: Int) throws {
        let path = try directory.file("image", size: size)
        #expect(try CardImage(file: path).octets.count == size)
        #expect(try BaseImage(file: path).octets.count == size)
        #expect(try CardImage(size: size).octets.count == size)
    }

    @Test(arguments: [0, 1, 4_096, 65_535, 61_440, 65_537, 67_584, 16_781_312])
    func sizeThatNoImageHas(_ size: Int) throws {
        let path = try directory.file("image", size: size)
        #expect(reason { _ = try CardImage(file: path) } == .size(size))
        #expect(reason { _ = try BaseImage(file: path) } == .size(size))
        #expect(reason { _ = try CardImage(size: size) } == .size(size))
        let contents = [UInt8](repeating: 0, count: size)
        #expect(
            reason { try contents.withUnsafeBytes { try CardImage.create(file: "\(path)2", contents: $0) } }
                == .size(size)
        )
        #expect(try directory.names == ["image"])
    }

    @Test func negativeSize() { #expect(reason { _ = try CardImage(size: -4096) } == .size(-4096)) }

    // MARK: what can be in the way

    @Test func noSuchFile() {
        let path = "\(directory.path)/none"
        #expect(reason { _ = try CardImage(file: path) } == .missing)
        #expect(ImageFileError(path, .missing).description == "\(path): no such file")
    }

    @Test func otherThingsThanFiles() {
        #expect(reason { _ = try CardImage(file: directory.path) } == .notAFile)
        #expect(reason { _ = try BaseImage(file: directory.path) } == .notAFile)
        let fifo = "\(directory.path)/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(reason { _ = try CardImage(file: fifo) } == .notAFile)
        #expect(reason { _ = try BaseImage(file: fifo) } == .notAFile)
    }

    @Test func errorsAreOneLineWithTheName() {
        let reasons: [ImageFileError.Reason] = [
            .missing, .notAFile, .inUse, .exists, .size(5), .system("open the file", EACCES),
        ]
        for reason in reasons {
            let text = ImageFileError("a/card.img", reason).description
            #expect(text.hasPrefix("a/card.img: "))
            #expect(!text.contains("\n"))
        }
        #expect(
            ImageFileError("a", .system("open the file", EACCES)).description
                == "a: cannot open the file: Permission denied"
        )
        #expect(
            ImageFileError("a", .size(5)).description
                == "a: 5 octets are no image: it has 65536 to 16773120 octets, a multiple of 4096"
        )
    }

    // MARK: one card at a time

    @Test func secondCardIsRefused() throws {
        let path = try directory.file("image", size: 65_536)
        do {
            let first = try CardImage(file: path)
            #expect(reason { _ = try CardImage(file: path) } == .inUse)
            #expect(reason { _ = try BaseImage(file: path) } == .inUse)
            withExtendedLifetime(first) {}
        }
        _ = try CardImage(file: path)
    }

    @Test func inspectionsShareAndKeepCardsAway() throws {
        let path = try directory.file("image", size: 65_536)
        let first = try BaseImage(file: path)
        let second = try BaseImage(file: path)
        #expect(reason { _ = try CardImage(file: path) } == .inUse)
        #expect(first.octets.elementsEqual(second.octets))
    }

    @Test func anotherProcessIsRefusedAndRefuses() throws {
        let path = try directory.file("image", size: 65_536)
        // flock of util-linux holds the lock until the end of its command, which is the end of its input.
        let other = Process()
        let input = Pipe()
        let output = Pipe()
        other.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        other.arguments = [path, "sh", "-c", "echo locked; cat"]
        other.standardInput = input
        other.standardOutput = output
        try other.run()
        #expect(output.fileHandleForReading.readData(ofLength: 7) == Data("locked\n".utf8))
        #expect(reason { _ = try CardImage(file: path) } == .inUse)
        try input.fileHandleForWriting.close()
        other.waitUntilExit()

        let image = try CardImage(file: path)
        let late = Process()
        late.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        late.arguments = ["--nonblock", "--conflict-exit-code", "42", path, "true"]
        try late.run()
        late.waitUntilExit()
        #expect(late.terminationStatus == 42)
        withExtendedLifetime(image) {}
    }

    // MARK: what is written is in the file

    @Test(arguments: Durability.allCases)
    func commitsAreInTheFile(_ durability: Durability) throws {
        let path = try directory.file("image", size: 65_536)
        let image = try CardImage(file: path, durability: durability)
        #expect(image.octets[1] == 1)
        image.octets[1] = 0xA5
        image.octets[65_535] = 0x5A
        #expect((image.synchronization == nil) == (durability == .process))
        image.synchronization?()
        #expect(image.synchronizationFailure == nil)
        // The image is still open: this is what a process that is killed here leaves behind.
        let file = try octets(ofFile: path)
        #expect(file[1] == 0xA5)
        #expect(file[65_535] == 0x5A)
        #expect(file[2..<65_535].elementsEqual((2..<65_535).map { UInt8(truncatingIfNeeded: $0) }))
    }

    @Test func sparseFileGetsItsSpace() throws {
        let path = "\(directory.path)/sparse"
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        #expect(truncate(path, 65_536) == 0)
        let image = try CardImage(file: path)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(Int(status.st_blocks) * 512 >= 65_536)
        #expect(image.octets.allSatisfy { $0 == 0 })
    }

    @Test func memoryImageIsErased() throws {
        let image = try CardImage()
        #expect(image.octets.count == 524_288)
        #expect(image.octets.allSatisfy { $0 == 0xFF })
        #expect(image.synchronization == nil)
    }

    // MARK: changes that are forgotten

    @Test func ephemeralCardsForgetAndDoNotSeeEachOther() throws {
        let path = try directory.file("image", size: 65_536)
        let before = try octets(ofFile: path)
        let base = try BaseImage(file: path)
        do {
            let one = try base.ephemeral()
            let two = try base.ephemeral()
            one.octets[100] = 0xEE
            #expect(two.octets[100] == 100)
            #expect(base.octets[100] == 100)
            #expect(one.octets[101] == 101)
        }
        let third = try base.ephemeral()
        #expect(third.octets[100] == 100)
        #expect(try octets(ofFile: path) == before)
    }

    @Test func baseThatIsInNoFile() throws {
        let contents = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 >> 4) }
        let base = try contents.withUnsafeBytes { try BaseImage(contents: $0) }
        let one = try base.ephemeral()
        let two = try base.ephemeral()
        one.octets[4_464] = 0xEE
        #expect(Array(two.octets) == contents)
        #expect(Array(base.octets) == contents)
        #expect(one.path == "memory")
        let short = contents.dropLast()
        #expect(reason { _ = try Array(short).withUnsafeBytes { try BaseImage(contents: $0) } } == .size(65_535))
    }

    @Test func ephemeralCardKeepsItsBase() throws {
        let path = try directory.file("image", size: 65_536)
        let card = try BaseImage(file: path).ephemeral()
        #expect(reason { _ = try CardImage(file: path) } == .inUse)
        #expect(card.octets[200] == 200)
    }

    /// Of a card's mapping, only the pages that it has changed are its own.
    @Test func ephemeralCardsShareWhatTheyDoNotChange() throws {
        let base = try BaseImage(file: try directory.file("image", size: 65_536))
        let card = try base.ephemeral()
        #expect(card.octets.reduce(0) { $0 &+ Int($1) } == base.octets.reduce(0) { $0 &+ Int($1) })
        #expect(try copiedPages(card) == [])
        card.octets[5_000] = 1
        #expect(try copiedPages(card) == [1])
    }

    /// Which pages of the image, of 4,096 octets, are no longer those of the file. The system's table has 64 bits for
    /// each page of the process: bit 63 says that the page is there, bit 61 that it is the file's.
    private func copiedPages(_ image: CardImage) throws -> [Int] {
        let table = open("/proc/self/pagemap", O_RDONLY)
        defer { close(table) }
        var entries = [UInt64](repeating: 0, count: image.octets.count / 4_096)
        let first = UInt(bitPattern: image.octets.baseAddress) / 4_096
        #expect(pread(table, &entries, entries.count * 8, off_t(first * 8)) == entries.count * 8)
        return entries.indices.filter { entries[$0] >> 63 == 1 && entries[$0] >> 61 & 1 == 0 }
    }

    // MARK: making files

    private func create(_ path: String, _ octet: UInt8, overwriting: Bool = false) throws {
        try [UInt8](repeating: octet, count: 65_536).withUnsafeBytes {
            try CardImage.create(file: path, contents: $0, overwriting: overwriting)
        }
    }

    @Test func createdFileIsCompleteAndPrivate() throws {
        let path = "\(directory.path)/new"
        try create(path, 0x11)
        #expect(try octets(ofFile: path) == [UInt8](repeating: 0x11, count: 65_536))
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(try directory.names == ["new"])
        _ = try CardImage(file: path)
    }

    @Test func existingFileStays() throws {
        let path = "\(directory.path)/new"
        try create(path, 0x11)
        #expect(reason { try create(path, 0x22) } == .exists)
        #expect(try octets(ofFile: path)[0] == 0x11)
        #expect(try directory.names == ["new"])
    }

    @Test func existingFileIsReplacedWhenAsked() throws {
        let path = "\(directory.path)/new"
        try create(path, 0x11, overwriting: true)
        try create(path, 0x22, overwriting: true)
        #expect(try octets(ofFile: path) == [UInt8](repeating: 0x22, count: 65_536))
        #expect(try directory.names == ["new"])
    }

    @Test func fileOfARunningCardIsNeverReplaced() throws {
        let path = "\(directory.path)/new"
        try create(path, 0x11)
        let image = try CardImage(file: path)
        #expect(reason { try create(path, 0x22, overwriting: true) } == .inUse)
        #expect(image.octets[0] == 0x11)
        #expect(try octets(ofFile: path)[0] == 0x11)
    }

    @Test func directoryThatIsMissing() {
        let path = "\(directory.path)/none/new"
        #expect(reason { try create(path, 0x11) } == .missing)
    }
}
