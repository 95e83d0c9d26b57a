//! The tray's icons, drawn once (`icons/tray/*.svg`) and kept in the sizes that panels use.

use super::view::IconState;
use std::collections::BTreeMap;

/// Each state's picture in 16, 22, 24, 32 and 48 pixels.
macro_rules! pictures {
    ($state:literal) => {
        [
            include_bytes!(concat!("../../../icons/tray/", $state, "/16x16.png")).as_slice(),
            include_bytes!(concat!("../../../icons/tray/", $state, "/22x22.png")),
            include_bytes!(concat!("../../../icons/tray/", $state, "/24x24.png")),
            include_bytes!(concat!("../../../icons/tray/", $state, "/32x32.png")),
            include_bytes!(concat!("../../../icons/tray/", $state, "/48x48.png")),
        ]
    };
}

/// All icons, ready for the bus.
#[derive(Debug, Clone)]
pub(super) struct Icons(BTreeMap<IconState, Vec<ksni::Icon>>);

impl Icons {
    /// Unpacks them.
    /// Errors: a picture in the program is broken.
    pub(super) fn load() -> Result<Self, png::DecodingError> {
        let states = [
            (IconState::Lending, pictures!("lending")),
            (IconState::Paused, pictures!("paused")),
            (IconState::Problem, pictures!("problem")),
        ];
        let mut icons = BTreeMap::new();
        for (state, pictures) in states {
            let unpacked = pictures.into_iter().map(unpack).collect::<Result<_, _>>()?;
            icons.insert(state, unpacked);
        }
        Ok(Self(icons))
    }

    /// The pictures of a state, smallest first.
    pub(super) fn of(&self, state: IconState) -> Vec<ksni::Icon> {
        self.0.get(&state).cloned().unwrap_or_default()
    }
}

/// The bus wants ARGB, a picture is RGBA.
fn unpack(picture: &[u8]) -> Result<ksni::Icon, png::DecodingError> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(picture));
    decoder.set_transformations(png::Transformations::ALPHA | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info()?;
    let mut data = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let info = reader.next_frame(&mut data)?;
    data.truncate(info.buffer_size());
    for pixel in data.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    // Pictures of at most 48 pixels fit any integer.
    let side = |length: u32| i32::try_from(length).unwrap_or_default();
    Ok(ksni::Icon { width: side(info.width), height: side(info.height), data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_picture_of_its_own_in_every_size() {
        let icons = Icons::load().unwrap();
        let of = |state| icons.of(state);
        for state in [IconState::Lending, IconState::Paused, IconState::Problem] {
            let sizes: Vec<i32> = of(state).iter().map(|icon| icon.width).collect();
            assert_eq!(sizes, [16, 22, 24, 32, 48]);
            for icon in of(state) {
                assert_eq!(icon.data.len(), 4 * usize::try_from(icon.width * icon.height).unwrap());
            }
        }
        assert_ne!(of(IconState::Lending)[0].data, of(IconState::Paused)[0].data);
        assert_ne!(of(IconState::Problem)[0].data, of(IconState::Paused)[0].data);
    }
}
