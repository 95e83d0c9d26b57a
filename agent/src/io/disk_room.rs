//! Room on the disk that a path lies on. Blocks for as long as that disk takes to answer.

use crate::logic::doctor::DiskRoom;
use std::path::Path;

/// Room for us, without what is reserved for root; `None` when nothing of the path is here.
#[cfg(unix)]
pub fn room_of(path: &Path) -> Option<DiskRoom> {
    use ttalkak_protocol::unit::Bytes;
    // A folder that is still to be made will lie on the disk of the nearest one that is there.
    let nearest = path.ancestors().find(|path| path.exists())?;
    let stats = rustix::fs::statvfs(nearest).ok()?;
    let bytes = |blocks: u64| Bytes(blocks.saturating_mul(stats.f_frsize));
    Some(DiskRoom { free: bytes(stats.f_bavail), total: bytes(stats.f_blocks) })
}

/// The same by the list of disks.
#[cfg(not(unix))]
pub fn room_of(path: &Path) -> Option<DiskRoom> {
    use sysinfo::{DiskRefreshKind, Disks};
    use ttalkak_protocol::unit::Bytes;
    let disks = Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage()).ok()?;
    let holds = disks.iter().filter(|disk| path.starts_with(disk.mount_point()));
    let nearest = holds.max_by_key(|disk| disk.mount_point().as_os_str().len())?;
    Some(DiskRoom { free: Bytes(nearest.available_space()), total: Bytes(nearest.total_space()) })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_still_to_be_made_has_the_room_of_its_disk() {
        let data = tempfile::tempdir().unwrap();
        let room = room_of(&data.path().join("not/yet")).unwrap();
        assert!(room.total.0 > 0 && room.free <= room.total);
    }
}
