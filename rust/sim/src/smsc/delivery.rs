//! Receipts, from the acceptance of a part to the answer that settles them.

use bealert_wire::smpp::{DeliverReceipt, ReceiptState, SubmitSm, status};

use super::desk::Acceptance;
use super::receipts::Receipt;
use super::{Faults, SmscSim};

impl SmscSim {
    #[inline]
    pub(super) fn queue_receipt(
        &mut self,
        now_us: u64,
        due_us: u64,
        account: u32,
        submit: &SubmitSm,
        acceptance: Acceptance,
    ) {
        let Some(state) = acceptance.receipt else { return };
        let receipt = Receipt {
            number: acceptance.number,
            account,
            submitted_us: now_us,
            state,
            repeated: false,
            from: submit.destination,
            to: submit.source,
        };
        let repetition = acceptance.repeated.then(|| Receipt { repeated: true, ..receipt.clone() });
        for receipt in [Some(receipt), repetition].into_iter().flatten() {
            if due_us <= now_us {
                self.accounts.get(account).ready.push_back(receipt);
            } else {
                self.receipts.push(due_us, receipt);
            }
        }
    }

    /// Sends what receipts of an account are ready, as far as its connections have room.
    pub(super) fn send_receipts(&mut self, now_us: u64, account: u32) {
        let Faults { unanswered_receipts: limit, receipt_form: form, .. } = self.config.faults;
        let origin_s = self.config.unix_origin_s;
        let account = self.accounts.get(account);
        while !account.ready.is_empty() {
            let room = |connection| self.lines.look(connection).is_some_and(|line| line.has_room(limit));
            let Some(line) = account.receiver(room).and_then(|connection| self.lines.get(connection)) else {
                return;
            };
            let Some(receipt) = account.ready.pop_front() else { return };
            let id = self.config.id(receipt.number);
            let delivered = receipt.state == ReceiptState::Delivered;
            let (from, to) = (receipt.from, receipt.to);
            let told = DeliverReceipt {
                id: &id,
                state: receipt.state,
                code: if delivered { "000" } else { "001" },
                source: &from,
                destination: &to,
                submitted_s: origin_s + receipt.submitted_us / 1_000_000,
                done_s: origin_s + now_us / 1_000_000,
                text: "",
                form,
            };
            let token = self.flights.depart(receipt);
            if line.session.deliver(now_us, token, &told).is_err() {
                // room was asked for, and the addresses came in fields of the same length
                debug_assert!(false, "a receipt that cannot be sent");
                self.flights.arrive(token);
            }
        }
    }

    pub(super) fn answered(&mut self, now_us: u64, token: u64, status: u32) {
        let Some(receipt) = self.flights.arrive(token) else { return };
        let books = &mut self.desk.books;
        if status != status::ESME_ROK {
            books.returned_receipts += 1;
            let again_us = now_us.saturating_add(self.config.faults.receipt_retry_us);
            return self.receipts.push(again_us, receipt);
        }
        let delivered = receipt.state == ReceiptState::Delivered;
        self.diary.settled(receipt.from, delivered, || self.config.id(receipt.number));
        if receipt.repeated {
            books.repeated_receipts += 1;
            return;
        }
        books.receipts += 1;
        match receipt.state {
            ReceiptState::Delivered => books.delivered += 1,
            _ => books.undelivered += 1,
        }
    }

    pub(super) fn unanswered(&mut self, token: u64) {
        let Some(receipt) = self.flights.arrive(token) else { return };
        self.desk.books.returned_receipts += 1;
        self.accounts.get(receipt.account).ready.push_back(receipt);
    }
}
