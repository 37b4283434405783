//! The calls into libpam (pam(3)).
//!
//! One call here is one transaction: started, used for one step, ended.

#![expect(unsafe_code, reason = "foreign functions")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use zeroize::Zeroize;

use super::conversation::{Conversation, Reaction, Style};
use super::status::Status;

/// `PAM_MAX_NUM_MSG`.
const MAX_MESSAGES: usize = 32;

const SILENT: c_int = 0x8000;
const DISALLOW_NULL_AUTHTOK: c_int = 0x0001;
const CHANGE_EXPIRED_AUTHTOK: c_int = 0x0020;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `pam_authenticate`; accounts without a password are not let in.
    Authenticate,
    /// `pam_acct_mgmt`.
    Account,
    /// `pam_chauthtok`, with the flag that makes modules ask even root for the old password.
    Change,
    /// `pam_chauthtok` without that flag: modules don't ask root for the old password.
    Reset,
}

/// Runs one transaction.
pub(super) fn run(
    service: &CStr,
    user: &CStr,
    step: Step,
    conversation: &mut Conversation<'_>,
) -> Status {
    let conv = Conv {
        function: converse,
        data: ptr::from_mut(conversation).cast(),
    };
    let mut handle = ptr::null_mut();
    // SAFETY: the strings are NUL-terminated; `conv` and what it points to outlive the handle,
    // which is ended below, and nothing else touches the conversation meanwhile. libpam copies
    // the struct and the strings.
    let started = unsafe {
        pam_start(
            service.as_ptr(),
            user.as_ptr(),
            &raw const conv,
            &mut handle,
        )
    };
    if started != Status::SUCCESS.0 {
        return Status(started);
    }
    // SAFETY: `handle` came from a successful pam_start and has not been ended.
    let status = unsafe {
        match step {
            Step::Authenticate => pam_authenticate(handle, SILENT | DISALLOW_NULL_AUTHTOK),
            Step::Account => pam_acct_mgmt(handle, SILENT | DISALLOW_NULL_AUTHTOK),
            Step::Change => pam_chauthtok(handle, CHANGE_EXPIRED_AUTHTOK),
            Step::Reset => pam_chauthtok(handle, 0),
        }
    };
    // SAFETY: as above; the handle is not used after this.
    unsafe { pam_end(handle, status) };
    Status(status)
}

/// libpam's words for a status.
pub(super) fn describe(status: Status) -> String {
    // SAFETY: Linux-PAM does not look at the handle and answers with a static string or NULL.
    let text = unsafe { pam_strerror(ptr::null_mut(), status.0) };
    if text.is_null() {
        return format!("PAM status {}", status.0);
    }
    // SAFETY: not NULL, NUL-terminated, and copied before the next call could replace it.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

#[repr(C)]
struct Message {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct Response {
    text: *mut c_char,
    unused: c_int,
}

#[repr(C)]
struct Conv {
    function: extern "C" fn(c_int, *const *const Message, *mut *mut Response, *mut c_void) -> c_int,
    data: *mut c_void,
}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start(
        service: *const c_char,
        user: *const c_char,
        conversation: *const Conv,
        handle: *mut *mut c_void,
    ) -> c_int;
    fn pam_end(handle: *mut c_void, status: c_int) -> c_int;
    fn pam_authenticate(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_acct_mgmt(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_chauthtok(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_strerror(handle: *mut c_void, status: c_int) -> *const c_char;
}

/// The conversation function (pam_conv(3)).
///
/// Linux-PAM passes an array of pointers to messages. It releases the responses and their array
/// with free(3), after overwriting the texts.
extern "C" fn converse(
    count: c_int,
    messages: *const *const Message,
    responses: *mut *mut Response,
    data: *mut c_void,
) -> c_int {
    let count = match usize::try_from(count) {
        Ok(count @ 1..=MAX_MESSAGES) => count,
        Ok(_) | Err(_) => return Status::CONVERSATION.0,
    };
    if messages.is_null() || responses.is_null() || data.is_null() {
        return Status::CONVERSATION.0;
    }
    // SAFETY: `data` is the pointer that `run` made of an exclusive reference, which it doesn't
    // use until libpam returns; libpam calls back on the same thread, one call at a time.
    let conversation = unsafe { &mut *data.cast::<Conversation<'_>>() };
    let Some(mut answers) = Answers::new(count) else {
        return Status::BUFFER.0;
    };
    for index in 0..count {
        // SAFETY: libpam passes `count` pointers to messages that live through this call.
        let (style, text) = unsafe {
            let message = &**messages.add(index);
            (message.style, message.text)
        };
        let text = if text.is_null() {
            c""
        } else {
            // SAFETY: not NULL, and NUL-terminated by the contract of pam_conv(3).
            unsafe { CStr::from_ptr(text) }
        };
        match conversation.hear(Style::from_raw(style), text) {
            Reaction::Silence => {}
            Reaction::Answer(secret) => {
                if !answers.put(index, secret.expose()) {
                    return Status::BUFFER.0;
                }
            }
            Reaction::Stop => return Status::CONVERSATION.0,
        }
    }
    // SAFETY: checked not to be NULL; libpam takes the array over.
    unsafe { *responses = answers.hand_over() };
    Status::SUCCESS.0
}

/// A calloc'ed array of responses; wiped and freed unless it is handed over.
struct Answers {
    array: *mut Response,
    count: usize,
}

impl Answers {
    fn new(count: usize) -> Option<Self> {
        // SAFETY: calloc has no preconditions; all-zero bytes are a valid array of responses.
        let array = unsafe { libc::calloc(count, size_of::<Response>()) }.cast::<Response>();
        (!array.is_null()).then_some(Self { array, count })
    }

    /// Copies an answer in; `false` when there is no memory or the bytes hold a NUL.
    fn put(&mut self, index: usize, bytes: &[u8]) -> bool {
        if index >= self.count || bytes.contains(&0) {
            return false;
        }
        // SAFETY: malloc has no preconditions.
        let copy = unsafe { libc::malloc(bytes.len() + 1) }.cast::<u8>();
        if copy.is_null() {
            return false;
        }
        // SAFETY: `copy` has room for the bytes and a NUL and overlaps nothing; `index` is inside
        // the array, and each index is put at most once.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len());
            copy.add(bytes.len()).write(0);
            (*self.array.add(index)).text = copy.cast();
        }
        true
    }

    fn hand_over(self) -> *mut Response {
        let array = self.array;
        std::mem::forget(self);
        array
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        for index in 0..self.count {
            // SAFETY: inside the array that `new` made; a text that is not NULL was made by `put`:
            // NUL-terminated, initialised, ours alone. It is freed once, as is the array.
            unsafe {
                let text = (*self.array.add(index)).text;
                if !text.is_null() {
                    std::slice::from_raw_parts_mut(text.cast::<u8>(), libc::strlen(text)).zeroize();
                    libc::free(text.cast());
                }
            }
        }
        // SAFETY: made by calloc in `new`, not handed over.
        unsafe { libc::free(self.array.cast()) };
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::Secret;

    use super::*;

    fn message(style: c_int, text: &CStr) -> Message {
        Message {
            style,
            text: text.as_ptr(),
        }
    }

    #[test]
    fn answers_go_to_their_prompts() {
        let secret = Secret::copy_of(b"gr\xfc\xdfe");
        let answers = [&secret];
        let mut conversation = Conversation::new(&answers);
        let (info, prompt) = (message(4, c"hello"), message(1, c"Password: "));
        let messages = [&raw const info, &raw const prompt];
        let mut responses = ptr::null_mut();
        let data = ptr::from_mut(&mut conversation).cast();
        assert_eq!(converse(2, messages.as_ptr(), &mut responses, data), 0);
        // SAFETY: a success handed two responses over; they are freed here, once.
        unsafe {
            assert!((*responses).text.is_null());
            let text = (*responses.add(1)).text;
            assert_eq!(CStr::from_ptr(text).to_bytes(), b"gr\xfc\xdfe");
            libc::free(text.cast());
            libc::free(responses.cast());
        }
    }

    #[test]
    fn one_prompt_too_many_ends_the_conversation() {
        let secret = Secret::copy_of(b"only answer");
        let answers = [&secret];
        let mut conversation = Conversation::new(&answers);
        let (first, second) = (message(1, c"New: "), message(1, c"New again: "));
        let messages = [&raw const first, &raw const second];
        let mut responses = ptr::null_mut();
        let data = ptr::from_mut(&mut conversation).cast();
        let status = converse(2, messages.as_ptr(), &mut responses, data);
        assert_eq!(Status(status), Status::CONVERSATION);
        assert!(responses.is_null());
        assert!(conversation.ran_dry());
    }

    #[test]
    fn absurd_calls_are_refused() {
        let mut conversation = Conversation::new(&[]);
        let data = ptr::from_mut(&mut conversation).cast();
        let mut responses = ptr::null_mut();
        let prompt = message(1, c"?");
        let messages = [&raw const prompt];
        for count in [-1, 0, 33] {
            assert_ne!(converse(count, messages.as_ptr(), &mut responses, data), 0);
        }
        assert_ne!(converse(1, ptr::null(), &mut responses, data), 0);
    }
}
