//! The three kinds of store, and how a case of the suite is run on each.

use std::path::PathBuf;

use store::testing::Cluster;
use store::{Store, StoreKind};
use tempfile::TempDir;

/// A fresh store of one kind, with what is needed to open it again.
pub(crate) struct Home {
    pub(crate) store: Store,
    folder: TempDir,
    url: String,
}

impl Home {
    pub(crate) async fn fresh(kind: StoreKind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match kind {
            StoreKind::Postgres => Cluster::shared().unwrap().database().await.unwrap(),
            StoreKind::Memory | StoreKind::Sqlite => String::new(),
        };
        let store = match kind {
            StoreKind::Memory => Store::memory(),
            StoreKind::Sqlite => Store::sqlite(&folder.path().join("store.db")).await.unwrap(),
            StoreKind::Postgres => Store::postgres(&url).await.unwrap(),
        };
        Self { store, folder, url }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Closes the store and opens it again; one in memory is just another copy.
    pub(crate) async fn reopened(&self) -> Store {
        self.store.close().await;
        match self.store.kind() {
            StoreKind::Memory => self.store.clone(),
            StoreKind::Sqlite => Store::sqlite(&self.file()).await.unwrap(),
            StoreKind::Postgres => Store::postgres(&self.url).await.unwrap(),
        }
    }
}

/// Runs an asynchronous test.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap().block_on(work)
}

/// Runs a case of the suite on a fresh store.
pub(crate) fn run(kind: StoreKind, case: &impl AsyncFn(&Home)) {
    wait(async {
        let home = Home::fresh(kind).await;
        case(&home).await;
        home.store.close().await;
    });
}

/// Makes each case a test on all three kinds of store.
macro_rules! everywhere {
    ($($case:ident),* $(,)?) => {
        crate::places::everywhere!(@memory Memory $($case)*);
        crate::places::everywhere!(@sqlite Sqlite $($case)*);
        crate::places::everywhere!(@postgres Postgres $($case)*);
    };
    (@$place:ident $kind:ident $($case:ident)*) => {
        mod $place {
            $(
                #[test]
                fn $case() {
                    crate::places::run(store::StoreKind::$kind, &super::$case);
                }
            )*
        }
    };
}
pub(crate) use everywhere;
