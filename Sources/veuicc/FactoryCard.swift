import Card
import ImageFile
import Memory
import Octets

/// A factory-fresh card in memory: what a profile package puts on an empty image.
struct FactoryCard: ~Copyable {
    private let contents: UnsafeMutableRawBufferPointer
    /// The card on it.
    let card: Card
    /// The EUICCResponse of the installation (SAIP clause 8.1).
    let response: [UInt8]

    /// Installs the profile package in the file at `profile`, nil: the one that the program carries with it, on an image
    /// of `size` octets.
    ///
    /// - Throws: as `InputFile.octets`; `data` where the card refuses the package.
    init(profile: String?, size: Int = Geometry.defaultSize) throws {
        let package = try profile.map { path in try InputFile.octets(path, "the profile package") }
        let contents = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4_096)
        let response: [UInt8]
        do {
            _ = Memory.format(contents)
            var card = try Card(image: contents, environment: Environment(seed: []))
            do throws(StatusWord) {
                try card.manufacture(FactoryConfiguration())
            } catch {
                throw Failure(.data, description: "the issuer security domain: the card answers \(error)")
            }
            let result = card.install(profilePackage: [package ?? PackageResources.veuicc_default_der])
            response = result.response
            guard result.isInstalled else {
                let reason = EUICCResponse(response).statuses.map(\.line).joined(separator: "; ")
                let name = profile ?? "default package"
                throw Failure(.data, description: "\(name): the card refuses the package: \(reason)")
            }
            self.card = card
        } catch {
            contents.deallocate()
            throw error
        }
        self.contents = contents
        self.response = response
    }

    deinit { contents.deallocate() }

    /// Calls `body` with the image, which is there as long as this value: a pointer to it would not keep it.
    borrowing func withContents<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(contents))
    }
}

/// EF.ICCID: TS 102 221 clause 13.2.
enum ICCID {
    /// The decimal digits in the content of EF.ICCID, the lower half of an octet first, up to the filler F.
    static func digits(_ octets: some Sequence<UInt8>) -> String {
        String(Hex.string(octets.map { $0 << 4 | $0 >> 4 }).prefix { $0.isNumber })
    }
}
