//! The connections of a far end.

/// Names a connection, and never another one later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    index: u32,
    /// How many connections there were before it.
    born: u32,
}

/// Every connection, by its id.
#[derive(Debug)]
pub(crate) struct Lines<L> {
    places: Vec<Option<Place<L>>>,
    born: u32,
}

#[derive(Debug)]
struct Place<L> {
    born: u32,
    line: L,
}

impl<L> Default for Lines<L> {
    fn default() -> Self {
        Self { places: Vec::new(), born: 0 }
    }
}

impl<L> Lines<L> {
    pub(crate) fn open(&mut self, line: L) -> ConnectionId {
        self.born += 1;
        let free = self.places.iter().position(Option::is_none);
        let index = free.unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[index] = Some(Place { born: self.born, line });
        ConnectionId { index: index as u32, born: self.born }
    }

    pub(crate) fn close(&mut self, id: ConnectionId) -> Option<L> {
        let place = self.places.get_mut(id.index as usize)?.take_if(|place| place.born == id.born);
        place.map(|place| place.line)
    }

    #[inline]
    pub(crate) fn get(&mut self, id: ConnectionId) -> Option<&mut L> {
        let place = self.places.get_mut(id.index as usize)?.as_mut();
        place.filter(|place| place.born == id.born).map(|place| &mut place.line)
    }

    #[inline]
    pub(crate) fn look(&self, id: ConnectionId) -> Option<&L> {
        let place = self.places.get(id.index as usize)?.as_ref();
        place.filter(|place| place.born == id.born).map(|place| &place.line)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &L> {
        self.places.iter().flatten().map(|place| &place.line)
    }

    pub(crate) fn ids(&self) -> Vec<ConnectionId> {
        let places = self.places.iter().enumerate();
        let id = |(index, place): (usize, &Option<Place<L>>)| {
            place.as_ref().map(|place| ConnectionId { index: index as u32, born: place.born })
        };
        places.filter_map(id).collect()
    }
}
