// The header of a GGUF file, read without the library.
//
// The library's own reader (gguf.h) refuses a file for a tensor type that it does not know in the
// same way as it refuses a broken one. We must tell these apart: the first is a sound model that
// this engine cannot run. So the little that is needed for that is read here.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace harness {

struct gguf_header {
    std::map<std::string, std::string> texts;       // metadata of type string
    std::map<std::string, uint32_t> numbers;        // metadata of type uint32
    std::map<std::string, uint64_t> array_lengths;  // metadata of type array
    std::map<uint32_t, uint32_t> type_counts;       // tensors by the number of their type
    uint64_t file_bytes = 0;
};

// Throws a failure: exit_code::unavailable when the file cannot be opened, exit_code::bad_input
// when the bytes are no GGUF header of version 2 or 3, or end before the header does.
gguf_header read_gguf_header(const std::string & path);

}  // namespace harness
