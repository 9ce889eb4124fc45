import CardOS
import Memory
import Octets

struct SecurityDomainKeys: KeySource {
    static func with<Result>(
        _ domain: ObjectReference,
        selected: OctetView,
        _ card: inout UICC,
        _ body: (inout SecurityDomainKeys) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        var keys = SecurityDomainKeys()
        return try body(&keys)
    }
    var defaultVersion: UInt8? { nil }
    func secureChannel(of version: UInt8) -> SecureChannelProtocol? { nil }
    func withKey<Result: ~Copyable>(_ reference: KeyReference, _ body: (Key) throws(StatusWord) -> Result)
        throws(StatusWord) -> Result
    { throw .referencedDataNotFound }
    func sequenceCounter(of version: UInt8) throws(StatusWord) -> UInt32 { 0 }
    mutating func setSequenceCounter(_ value: UInt32, of version: UInt8) throws(StatusWord) {}
    func withSelectedAID<Result: ~Copyable>(_ body: (OctetView) throws(StatusWord) -> Result) throws(StatusWord)
        -> Result
    { try body(.empty) }
    func appendDiversificationData(to response: inout OctetWriter) {}
    mutating func fillRandom(_ octets: UnsafeMutableRawBufferPointer) throws(StatusWord) {}
}
