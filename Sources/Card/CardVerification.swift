import CardOS
import GlobalPlatform
import Memory

extension Card {
    /// What is wrong with `image`, as the next power-on would leave it, from the superblock to what the objects hold; in
    /// the order of the offsets. Empty for a right image. `image` is read only, and may hold any octets.
    ///
    /// What is only worth a look (`ImageDefect.Reason.isRemark`) is in the list too. A defect of the superblock or the
    /// journal stands alone: what is behind is not determined then.
    public static func defects(of image: UnsafeRawBufferPointer) -> [ImageDefect] {
        let defects = Memory.defects(of: image)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: image.count, alignment: Geometry.pageSize)
        defer { copy.deallocate() }
        copy.copyMemory(from: image)
        do throws(ImageDefect) {
            let memory = try Memory(inspecting: copy)
            return (defects + UICC.defects(in: memory) + OPEN.defects(in: memory)).sorted { $0.offset < $1.offset }
        } catch {
            return defects
        }
    }
}
