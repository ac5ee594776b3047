// An open file that closes itself.
#pragma once

#include <cstdio>
#include <memory>

// The files that we read and write are little-endian, and so is every machine we run on: numbers
// are copied as they are in memory.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bytes would have to be swapped");

namespace harness {

struct file_closer {
    void operator()(std::FILE * file) const { std::fclose(file); }
};
using file_ptr = std::unique_ptr<std::FILE, file_closer>;

}  // namespace harness
