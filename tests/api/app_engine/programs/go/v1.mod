module program

go 1.21

require google.golang.org/appengine v1.6.8

require (
	github.com/golang/protobuf v1.5.2 // indirect
	google.golang.org/protobuf v1.26.0 // indirect
)
