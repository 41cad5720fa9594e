//! Arrays of a graph or a trace: filled by a computation, or views of the bytes of a file.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use bytemuck::Pod;
use yoke::Yoke;
use yoke::erased::ErasedArcCart;

/// An immutable array that shares its memory with its clones, and with whoever else looks at the
/// same buffer. Reading an element costs what it costs in a `Vec`.
#[derive(Clone)]
pub(crate) struct Section<T: 'static>(Yoke<&'static [T], ErasedArcCart>);

impl<T: Send + Sync> Section<T> {
    /// What `owner` holds, for as long as any view of it lives. Asks it once.
    pub fn of(owner: impl AsRef<[T]> + Send + Sync + 'static) -> Self {
        let owner = Yoke::attach_to_cart(Arc::new(owner), |owner| owner.as_ref());
        Self(owner.erase_arc_cart())
    }
}

impl Section<u8> {
    /// A copy of these bytes that can be viewed as any kind of number.
    pub fn aligned(bytes: &[u8]) -> Self {
        let mut words = vec![0_u64; bytes.len().div_ceil(size_of::<u64>())];
        bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Section::of(words).cast(0..bytes.len()).unwrap_or_else(|| bytes.to_vec().into())
    }

    /// Little-endian numbers: a view if the machine reads them as they lie, else a decoded copy.
    ///
    /// The range lies inside the bytes and holds a whole number of elements.
    pub fn numbers<T: Number>(&self, range: Range<usize>) -> Section<T> {
        let view = if cfg!(target_endian = "little") { self.cast(range.clone()) } else { None };
        view.unwrap_or_else(|| decoded(&self[range]).into())
    }
}

impl<S: Pod> Section<S> {
    /// A range of the bytes as other numbers, unless it is not aligned for them.
    fn cast<T: Pod>(&self, bytes: Range<usize>) -> Option<Section<T>> {
        let view = self.0.try_map_project_cloned(|values, _| {
            let all: &[u8] = bytemuck::cast_slice(values);
            bytemuck::try_cast_slice(&all[bytes])
        });
        view.ok().map(Section)
    }
}

/// A number of a file: little-endian there.
pub(crate) trait Number: Pod + Send + Sync {
    /// From the machine's order of bytes to little-endian, which is also the way back.
    fn little_endian(self) -> Self;
}

impl Number for u32 {
    fn little_endian(self) -> Self {
        self.to_le()
    }
}

impl Number for i32 {
    fn little_endian(self) -> Self {
        self.to_le()
    }
}

impl Number for u64 {
    fn little_endian(self) -> Self {
        self.to_le()
    }
}

impl Number for f64 {
    fn little_endian(self) -> Self {
        Self::from_bits(self.to_bits().to_le())
    }
}

/// The values as little-endian bytes: as they lie, on a machine of that order.
pub(crate) fn encoded<T: Number>(values: &[T]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        return Cow::Borrowed(bytemuck::cast_slice(values));
    }
    let swapped: Vec<T> = values.iter().map(|value| value.little_endian()).collect();
    Cow::Owned(bytemuck::cast_slice(&swapped).to_vec())
}

fn decoded<T: Number>(bytes: &[u8]) -> Vec<T> {
    let read = |chunk| bytemuck::pod_read_unaligned::<T>(chunk).little_endian();
    bytes.chunks_exact(size_of::<T>()).map(read).collect()
}

impl<T> Deref for Section<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.get()
    }
}

impl<T: Send + Sync> From<Vec<T>> for Section<T> {
    fn from(values: Vec<T>) -> Self {
        Self::of(values)
    }
}

impl<T: Send + Sync> FromIterator<T> for Section<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Vec::from_iter(values).into()
    }
}

impl<'a, T> IntoIterator for &'a Section<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: PartialEq> PartialEq for Section<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for Section<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligned_numbers_are_views() {
        let bytes = Section::aligned(&[1, 0, 0, 0, 2, 0, 0, 0, 9]);
        let numbers = bytes.numbers::<u32>(0..8);
        assert_eq!(*numbers, [1, 2]);
        let same = std::ptr::eq(numbers.as_ptr().cast::<u8>(), bytes.as_ptr());
        assert_eq!(same, cfg!(target_endian = "little"));
    }

    #[test]
    fn unaligned_numbers_are_copies() {
        let bytes = Section::aligned(&[9, 1, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(*bytes.numbers::<u32>(1..9), [1, 2]);
    }

    #[test]
    fn decoding_undoes_encoding() {
        let values = [1.5, -0.0, f64::MIN_POSITIVE];
        assert_eq!(decoded::<f64>(&encoded(&values)), values);
        assert_eq!(encoded(&[1_u32, 258])[..], [1, 0, 0, 0, 2, 1, 0, 0]);
    }

    #[test]
    fn a_view_outlives_its_first_owner() {
        let bytes = Section::of(vec![7_u8; 24]);
        let numbers = bytes.numbers::<u64>(8..16);
        drop(bytes);
        assert_eq!(*numbers, [0x0707_0707_0707_0707]);
    }
}
