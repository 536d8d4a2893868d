//! One row, one test with a name.

macro_rules! table {
    ($check:ident: $($name:ident($($argument:expr),* $(,)?);)*) => {
        $(
            #[test]
            fn $name() {
                $check($($argument),*);
            }
        )*
    };
}

pub(crate) use table;
