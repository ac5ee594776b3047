// The header of a GGUF file, read without the library.
//
// The library's own reader (gguf.h) refuses a file for a tensor type that it does not know in the
// same way as it refuses a broken one. We must tell these apart: the first is a sound model that
// this engine cannot run. So the little that is needed for that is read here.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace harness {

struct gguf_tensor {
    std::string name;
    std::array<uint64_t, 4> dimensions = {1, 1, 1, 1};  // the first one is a row's length
    uint32_t type = 0;
    uint64_t offset = 0;  // from the start of the data
};

struct gguf_header {
    std::map<std::string, std::string> texts;       // metadata of type string
    std::map<std::string, uint32_t> numbers;        // metadata of type uint32
    std::map<std::string, uint64_t> array_lengths;  // metadata of type array
    std::map<uint32_t, uint32_t> type_counts;       // tensors by the number of their type
    std::vector<gguf_tensor> tensors;               // in the file's order
    uint64_t header_bytes = 0;                      // the data begin at the next multiple of the alignment
    uint64_t file_bytes = 0;
};

// Throws a failure: exit_code::unavailable when the file cannot be opened, exit_code::bad_input
// when the bytes are no GGUF header of version 2 or 3, or end before the header does.
gguf_header read_gguf_header(const std::string & path);

}  // namespace harness
