// SPDX-License-Identifier: Apache-2.0
// A process that lives for a few milliseconds takes a fault for every 64 KiB of its code that it
// touches. On virtual machines whose page tables the host shadows, each is 15 to 50 microseconds.
#pragma once

namespace berth {

/// Maps the code of this program, as far as it lies in the page cache already or can be read, in
/// one call. A process that has been forked starts without: what is a file's is not copied. Best
/// effort: Linux older than 5.14 refuses (madvise(2), MADV_POPULATE_READ), and then faults do it.
void map_code_ahead() noexcept;

}  // namespace berth
