// Whether the data of all tensors are in the file: a library that maps it would read beyond its end.
#pragma once

#include <cstdint>
#include <string>

#include "gguf_header.hpp"

namespace harness {

// All throw a failure with exit_code::bad_input.

// With the library's reader, which must be one that bears malformed files and tells sizes.
void check_by_library(const std::string & path, uint64_t file_bytes);

// With our own, for libraries whose reader ends the process at a malformed file.
void check_by_header(const gguf_header & header, const std::string & path);

// What both look at: where one tensor's data lie.
struct tensor_place {
    std::string name;
    uint64_t offset = 0;  // from the start of the data
    uint64_t bytes = 0;
};
// `data` is where the data start in the file.
void check_place(const tensor_place & tensor, uint64_t data, uint64_t file_bytes, const std::string & path);

}  // namespace harness
