#include "gguf_header.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "error.hpp"
#include "file.hpp"

namespace harness {
namespace {

// The value types of the format's metadata, by their numbers.
constexpr uint32_t type_uint32 = 4;
constexpr uint32_t type_string = 8;
constexpr uint32_t type_array = 9;
// Bytes of each value type; 0 where they are not fixed.
constexpr uint32_t value_bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
constexpr uint32_t value_types = sizeof(value_bytes) / sizeof(value_bytes[0]);

constexpr uint32_t dimensions_max = 4;  // GGML_MAX_DIMS
// The format allows keys of 65,535 bytes and tensor names of 64.
constexpr uint64_t name_bytes_max = 65535;

// Layout: "GGUF", u32 version, u64 tensors, u64 values,
//         for each value:  string key, u32 type, and by the type bytes, a string
//                          or an array (u32 type, u64 count, the elements),
//         for each tensor: string name, u32 dimensions, u64 for each, u32 type, u64 offset.
// A string is u64 bytes and the bytes. All numbers are little-endian.
//
// Counts need no limit of their own: each counted thing takes bytes, and those end with the file.
class header_reader {
  public:
    explicit header_reader(const std::string & path) : path_(path), file_(std::fopen(path.c_str(), "rb")) {
        struct stat status = {};
        if (!file_ || fstat(fileno(file_.get()), &status) != 0) {
            throw failure(exit_code::unavailable, path + ": cannot be opened: " + std::strerror(errno));
        }
        if (!S_ISREG(status.st_mode)) {
            throw failure(exit_code::unavailable, path + ": not a regular file");
        }
        header_.file_bytes = static_cast<uint64_t>(status.st_size);
        left_ = header_.file_bytes;
    }

    gguf_header read() {
        char magic[4];
        take(magic, sizeof(magic), "the magic number");
        if (std::memcmp(magic, "GGUF", sizeof(magic)) != 0) {
            refuse("does not begin with `GGUF`");
        }
        const uint32_t version = take_u32("the version");
        if (version != 2 && version != 3) {
            refuse("version " + std::to_string(version) + ", expected 2 or 3");
        }
        const uint64_t tensors = take_u64("the number of tensors");
        const uint64_t values = take_u64("the number of metadata values");
        for (uint64_t i = 0; i < values; ++i) {
            read_value();
        }
        for (uint64_t i = 0; i < tensors; ++i) {
            read_tensor();
        }
        header_.header_bytes = header_.file_bytes - left_;
        return header_;
    }

  private:
    void read_value() {
        const std::string key = take_string(name_bytes_max, "a metadata key");
        const uint32_t type = take_u32(key);
        if (type == type_string) {
            header_.texts[key] = take_string(left_, key);
        } else if (type == type_uint32) {
            header_.numbers[key] = take_u32(key);
        } else if (type == type_array) {
            header_.array_lengths[key] = skip_array(key);
        } else {
            skip(fixed_bytes(type, key), key);
        }
    }

    uint64_t skip_array(const std::string & key) {
        const uint32_t type = take_u32(key);
        const uint64_t count = take_u64(key);
        if (type == type_string) {
            for (uint64_t i = 0; i < count; ++i) {
                skip(take_u64(key), key);
            }
            return count;
        }
        const uint32_t bytes = fixed_bytes(type, key);
        if (count > left_ / bytes) {
            refuse("metadata `" + key + "` has more elements than the file has bytes");
        }
        skip(count * bytes, key);
        return count;
    }

    void read_tensor() {
        const std::string name = take_string(name_bytes_max, "a tensor's name");
        const uint32_t dimensions = take_u32(name);
        if (dimensions > dimensions_max) {
            refuse("tensor `" + name + "` has " + std::to_string(dimensions) + " dimensions, expected at most " +
                   std::to_string(dimensions_max));
        }
        gguf_tensor tensor;
        tensor.name = name;
        for (uint32_t i = 0; i < dimensions; ++i) {
            tensor.dimensions[i] = take_u64(name);
        }
        tensor.type = take_u32(name);
        tensor.offset = take_u64(name);
        ++header_.type_counts[tensor.type];
        header_.tensors.push_back(tensor);
    }

    // `what` is what was being read, for the message.
    void take(void * target, size_t bytes, const std::string & what) {
        if (bytes > left_ || std::fread(target, 1, bytes, file_.get()) != bytes) {
            refuse("ends within " + what);
        }
        left_ -= bytes;
    }

    void skip(uint64_t bytes, const std::string & what) {
        if (bytes > left_ || fseeko(file_.get(), static_cast<off_t>(bytes), SEEK_CUR) != 0) {
            refuse("ends within " + what);
        }
        left_ -= bytes;
    }

    uint32_t take_u32(const std::string & what) {
        uint32_t number = 0;
        take(&number, sizeof(number), what);
        return number;
    }

    uint64_t take_u64(const std::string & what) {
        uint64_t number = 0;
        take(&number, sizeof(number), what);
        return number;
    }

    std::string take_string(uint64_t bytes_max, const std::string & what) {
        const uint64_t bytes = take_u64(what);
        if (bytes > bytes_max || bytes > left_) {
            refuse("a string of " + std::to_string(bytes) + " bytes in " + what);
        }
        std::string text(bytes, '\0');
        take(text.data(), text.size(), what);
        return text;
    }

    // An array is not of fixed size: nested arrays are refused here, as the library does.
    uint32_t fixed_bytes(uint32_t type, const std::string & key) const {
        if (type >= value_types || value_bytes[type] == 0) {
            refuse("metadata `" + key + "` has the type " + std::to_string(type));
        }
        return value_bytes[type];
    }

    [[noreturn]] void refuse(const std::string & problem) const {
        throw failure(exit_code::bad_input, path_ + ": not a sound GGUF file: " + problem);
    }

    std::string path_;
    file_ptr file_;
    uint64_t left_ = 0;
    gguf_header header_;
};

}  // namespace

gguf_header read_gguf_header(const std::string & path) { return header_reader(path).read(); }

}  // namespace harness
