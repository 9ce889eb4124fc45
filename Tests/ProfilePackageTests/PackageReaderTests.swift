import Octets
import Testing

@testable import ProfilePackage

@Suite struct PackageReaderTests {
    /// What the reader reports, with constructed objects entered and primitive ones collected or streamed.
    private func read(_ octets: [UInt8], by step: Int, streams: Bool = false) -> String {
        var reader = PackageReader()
        var text = ""
        var position = 0
        while position < octets.count {
            let segment = Array(octets[position..<min(octets.count, position + step)])
            position += step
            let isGood = segment.withView { view -> Bool in
                var cursor = OctetCursor(view)
                while true {
                    do throws(PackageReader.Malformed) {
                        switch try reader.next(&cursor) {
                        case .segmentRead: return true
                        case .header(let tag, _):
                            text += "(\(String(tag, radix: 16))@\(reader.offset)"
                            if reader.isConstructed {
                                try reader.enter()
                            } else if streams {
                                text += " "
                                reader.stream()
                            } else if !reader.collect() {
                                text += " long)"
                            }
                        case .value(let value): text += " \(Hex.string(value.array)))"
                        case .part(let part, let isLast): text += Hex.string(part.array) + (isLast ? ")" : "")
                        case .end: text += ")"
                        }
                    } catch {
                        text += "!"
                        return false
                    }
                }
            }
            if !isGood { break }
        }
        return text + (reader.isBetweenElements ? "" : "?")
    }

    @Test(arguments: [1, 2, 3, 7, 1_000]) func reportsObjectsWhereverTheyAreSplit(step: Int) {
        let package = hex("A00B 8001AA BF1F05 3000 5F2000 8100") + tlv(0x82, [UInt8](repeating: 7, count: 200))
        let value = String(repeating: "07", count: 200)
        let expected = "(a0@0(80@2 AA)(bf1f@5(30@8)(5f20@10 )))(81@0 )(82@0 \(value))"
        #expect(read(package, by: step) == expected)
        #expect(read(package, by: step, streams: true) == expected)
    }

    @Test func passesOverWhatDoesNotFit() {
        let long = tlv(0x82, [UInt8](repeating: 7, count: PackageReader.capacity + 1))
        #expect(read(long + hex("8101AA"), by: 100) == "(82@0 long)(81@0 AA)")
    }

    @Test(arguments: [
        "8080",  // indefinite length
        "8085 0000000001", "80FF",  // length of more than four octets
        "818100", "81817F", "8182007F", "8182 0080",  // not the shortest length
        "1F1E00", "9F8001 00",  // not the shortest tag
        "9F818101 00",  // tag of more than three octets
        "A003 8002AABB", "A001 8000", "A002 8181FF", "A004 8180AABB",  // longer than what holds it
        "A010A00EA00CA00AA008A006A004A002A000",  // nested too deep
    ]) func refusesWhatIsNotDER(text: String) {
        for step in [1, 100] { #expect(read(hex(text), by: step).contains("!")) }
    }

    @Test func waitsForTheRest() {
        #expect(read(hex("A0"), by: 1) == "?")
        #expect(read(hex("A003 8001"), by: 1) == "(a0@0(80@2?")
    }
}
