//! Sums and products of twice the working precision (Dekker 1971; Ogita, Rump & Oishi 2005,
//! *SIAM J. Sci. Comput.* 26:1955).

/// The unevaluated sum `hi + lo`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Double {
    pub hi: f64,
    pub lo: f64,
}

/// The unit roundoff of f64, 2⁻⁵³.
pub(super) const ROUNDOFF: f64 = f64::EPSILON / 2.0;

impl Double {
    pub fn add(&mut self, value: f64) {
        let (sum, error) = two_sum(self.hi, value);
        self.hi = sum;
        self.lo += error;
    }

    /// Adds `a · b`.
    pub fn add_product(&mut self, a: f64, b: f64) {
        let (product, error) = two_product(a, b);
        self.add(product);
        self.lo += error;
    }

    /// Adds `a · b` for a double `b`.
    pub fn add_multiple(&mut self, a: f64, b: Self) {
        self.add_product(a, b.hi);
        self.lo += a * b.lo;
    }

    /// The same number with `lo` below half a unit of `hi`.
    pub fn normal(self) -> Self {
        let (hi, lo) = two_sum(self.hi, self.lo);
        Self { hi, lo }
    }

    pub fn minus(self, other: Self) -> Self {
        let mut difference = self;
        difference.add(-other.hi);
        difference.lo -= other.lo;
        difference.normal()
    }

    /// The product to about 2⁻¹⁰⁰ of itself.
    pub fn times(self, other: Self) -> Self {
        let mut product = Self::default();
        product.add_product(self.hi, other.hi);
        product.lo += self.hi * other.lo + self.lo * other.hi;
        product.normal()
    }

    pub fn value(self) -> f64 {
        self.hi + self.lo
    }
}

fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// Without a fused multiply-add, which is slow where the target lacks it.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    let ((x, u), (y, v)) = (split(a), split(b));
    (product, u * v - (((product - x * y) - u * y) - x * v))
}

fn split(a: f64) -> (f64, f64) {
    let scaled = 134_217_729.0 * a;
    let high = scaled - (scaled - a);
    (high, a - high)
}
